/** Passwords of servers that live as long as the bench, on loopback. */
export const SECRETS = {
  OBM_IN: 'obm forwards with this',
  OBM_OUT: 'the hub synchronises back with this',
  TOOL: 'the tool takes this',
  SN: 'servicenow takes this',
  HOOK: 'hooks are signed with this',
};

/** What events are forwarded to the hub with. */
export const LOGIN = ['obm', SECRETS.OBM_IN] as const;
