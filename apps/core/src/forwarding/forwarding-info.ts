import type { ForwardingInfo, OprEvent } from '@opr-connect/opr';
import type { ConnectedServer } from '../connected-servers/connected-server';
import type { Conversation, Party } from '../conversation/conversation';

/** The event as the hub tells it: with one `forwarding_info` for each server that shares it. */
export function withForwardingInfo(
  conversation: Conversation,
  serverOf: (uuid: string) => ConnectedServer | undefined,
): OprEvent {
  const infos = conversation.parties.map((party) => forwardingInfo(party, serverOf(party.server)));
  const names = new Set(infos.map((info) => info.name));
  const others = (conversation.event.forwardingInfoList?.forwardingInfo ?? []).filter((info) => !names.has(info.name));
  const all = [...others, ...infos];
  if (all.length === 0) return conversation.event;
  return {
    ...conversation.event,
    forwardingInfoList: { ...conversation.event.forwardingInfoList, forwardingInfo: all },
  };
}

function forwardingInfo(party: Party, server: ConnectedServer | undefined): ForwardingInfo {
  const sent = Object.values(party.sent);
  return {
    name: server?.name,
    displayLabel: server?.label,
    externalId: party.ref?.displayId ?? party.ref?.id,
    externalUrl: party.ref?.url,
    forwardingType: party.type,
    state: party.state,
    timeLastChangeSent: sent.length ? new Date(Math.max(...sent)).toISOString() : undefined,
    ruleName: party.rule,
    connectedServerId: party.server,
  };
}
