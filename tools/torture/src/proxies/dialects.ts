import type { Dialect } from './http-proxy';

/** The Table API of ServiceNow. */
export const TOOL: Dialect = {
  labelOf(method, path) {
    const [, table = '', id] = /\/table\/([^/?]+)(?:\/([^?]+))?/.exec(path) ?? [];
    if (table === 'sys_journal_field') return 'read journal';
    if (table !== 'incident') return `look up ${table}`;
    if (method === 'POST') return 'create ticket';
    if (method === 'PATCH') return 'update ticket';
    return id === undefined ? 'look up ticket' : 'read ticket';
  },
  looksFor: (label, written) => (written === 'create ticket' ? label === 'look up ticket' : label === 'read journal'),
};

/** The Event Synchronization Web Service of an OBM. It knows a repeat by its id, so nobody looks: one sends again. */
export const OBM: Dialect = {
  labelOf: (method) => (method === 'POST' ? 'sync back' : 'read event'),
  looksFor: (label, written) => label === written,
};

/** The hub itself, behind a balancer: nothing is told apart. */
export const HUB: Dialect = { labelOf: (method) => method, looksFor: () => false };
