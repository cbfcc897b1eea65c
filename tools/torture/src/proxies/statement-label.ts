/**
 * Statements on which no walk depends: wake-ups, looks at servers, counts, leases that are only made longer, work by the clock,
 * what reads no table.
 * When they come depends on a clock.
 */
const NOT_A_POINT =
  /pg_notify|^listen |^update outbox_message m set due_at|^update server_state s set inbox_until|^select .* from server_state$|\bscheduled_work\b|^set local|^with pending as|^select (?!.*\bfrom\b)/;

/** Looks for work, which come by the clock too: only those that find some are points. */
export const LOOKS: ReadonlySet<string> = new Set(['claim', 'lease inbox']);

/** The first that fits is what a statement is called; else verb and table. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(start transaction|begin)/, 'begin'],
  [/^commit/, 'commit'],
  [/^rollback/, 'rollback'],
  [/skip locked/, 'claim'],
  [/^update server_state s set inbox_claim = \$/, 'lease inbox'],
  [/^update server_state set inbox_claim = null/, 'give up inbox'],
  [/insert into event \(/, 'write new event'],
  [/update event set document/, 'write decision'],
  [/from event where .* for update/, 'lock event'],
  [/from external_id x join/, 'find event'],
  [/from event where id/, 'load event'],
  [/from forwarded_event f where event/, 'load parties'],
  [/from seen_id/, 'look for repeats'],
  [/^insert into outbox_message/, 'keep hook'],
  [/^delete from outbox_message/, 'complete message'],
  [/^update outbox_message .*state = 'dead'/, 'bury message'],
  [/^update outbox_message .*claim = null/, 'release message'],
];

/** What a statement is, or `undefined` if nothing can depend on it. */
export function statementLabel(sql: string): string | undefined {
  const text = sql.replace(/\s+/g, ' ').trim().toLowerCase();
  if (NOT_A_POINT.test(text)) return undefined;
  const named = NAMES.find(([pattern]) => pattern.test(text));
  if (named) return named[1];
  const [verb = ''] = text.split(' ');
  const [, table = ''] = /\b(?:from|into|update) ([a-z_]+)/.exec(text) ?? [];
  return `${verb} ${table}`.trim();
}
