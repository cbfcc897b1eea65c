import type { OprEvent } from '@opr-connect/opr';
import type { RuleConfig } from '../config/hub-config';
import type { ConnectedServer } from '../connected-servers/connected-server';
import type { ServerState } from '../connected-servers/server-states';
import { unmet, valueOf } from '../forwarding/forwarding-rules';
import type { ServerTraits } from '../conversation/conversation';
import { isListening } from '../conversation/rules';
import type { MessageFacts, RowFacts, ServerLoad } from './event-histories';

/** What decides whether a message may go now. */
export interface Situation {
  now: Date;
  /** None: configured no more. */
  server: ConnectedServer | undefined;
  state: ServerState | undefined;
  load: ServerLoad | undefined;
  /** What waits for the same party, in the order of the outbox. */
  messages: readonly MessageFacts[];
}

/**
 * Why a message was not carried yet, in one sentence: what would have to change first. The order is that of the claim, with what
 * only a person can change before what passes by itself.
 */
export function whyWaiting(message: MessageFacts, { now, server, state, load, messages }: Situation): string {
  const last = message.reasons.at(-1)?.reason;
  if (message.state === 'dead')
    return `is a dead letter until somebody retries or discards it: ${last ?? 'no reason was noted'}`;
  if (message.underWay) return 'is being carried now';
  const earlier = messages
    .slice(0, messages.indexOf(message))
    .find(({ state: is, kind }) => is === 'pending' || kind === 'forward');
  if (earlier?.state === 'dead') return 'waits for the forward of this event, which is a dead letter';
  if (earlier) return 'waits for an earlier message of this event';
  if (!server) return 'waits for a server that is not configured any more';
  if (!server.active) return 'the server is not active';
  if (!server.adapter) return `the server is set aside, for its settings are wrong: ${server.problems.join('; ')}`;
  if (state?.heldAt) return `the server is held by ${state.heldBy}: ${state.heldReason}`;
  if (state?.pausedUntil && state.pausedUntil > now)
    return `the server is paused until ${state.pausedUntil.toISOString()}: ${state.reason}`;
  if (message.due > now) return whyLater(message, last);
  if (state && state.failures > 0)
    return 'waits for its turn: the server failed and gets one call at a time until one succeeds';
  if (isRateSpent(server, load, now))
    return `waits for its turn: the rate of ${server.ratePerMinute} calls a minute is used up`;
  if (load && load.underWay >= server.concurrency)
    return `waits for its turn: ${server.concurrency} calls are under way to the server`;
  return 'is due and will be taken next';
}

function whyLater({ kind, due }: MessageFacts, last: string | undefined): string {
  const until = due.toISOString();
  if (last !== undefined) return `failed and is tried again at ${until}: ${last}`;
  return kind === 'forward'
    ? `is held by the rule until ${until}`
    : `is held until ${until}, for more duplicates to be counted`;
}

function isRateSpent({ ratePerMinute }: ConnectedServer, load: ServerLoad | undefined, now: Date): boolean {
  if (ratePerMinute === undefined || load?.budget == null || !load.asOf) return false;
  return load.budget + ((now.getTime() - load.asOf.getTime()) / 60_000) * ratePerMinute < 1;
}

/** Whether changes of the event are carried to a party, and if not, why. */
export function whatOfChanges(row: Pick<RowFacts, 'state' | 'type'>, traits: ServerTraits): string {
  if (isListening(row, traits)) return 'are carried to it';
  if (!traits.takesChanges) return 'are not carried to it: its adapter carries none';
  return row.state === 'cancelled' || row.state === 'cancel_requested' || row.state === 'expired'
    ? `are not carried to it: it is ${row.state.replace('_', ' ')}`
    : `are not carried to it: its forwarding type is ${row.type}`;
}

/** Why an event is not forwarded to a server at all, as the event and the rules are now: a sentence for each rule that names it. */
export function whyNotForwarded(
  server: ConnectedServer,
  rules: readonly RuleConfig[],
  event: OprEvent,
  source: string,
): string[] {
  if (!server.active) return ['the server is not active'];
  const naming = rules.filter(({ targets }) => targets.some((target) => target.server === server.name));
  if (naming.length === 0) return ['no rule names this server'];
  return naming.map((rule) => `rule "${rule.name}" ${whyNotBy(rule, event, source)}`);
}

function whyNotBy({ active, filter }: RuleConfig, event: OprEvent, source: string): string {
  if (!active) return 'is not active';
  const condition = unmet(filter, event, source);
  if (condition)
    return `does not match: filter.${condition} does not hold for "${shortened(valueOf(condition, event, source))}"`;
  return event.state === 'closed'
    ? 'matches now, but the event is closed'
    : 'matches now, and did not when the event came or last changed';
}

const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
