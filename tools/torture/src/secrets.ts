/** Nothing here protects anything: every party is a fake on loopback. */
export const SECRETS = {
  OBM_IN: 'obm forwards with this',
  OBM_OUT: 'the hub synchronises back with this',
  SN: 'servicenow takes this',
  HOOK: 'hooks are signed with this',
};

/** One OBM in front, one ServiceNow behind. A short settle time: the torture has no day to wait. */
export const configuration = (obmUrl: string, toolUrl: string): string => `
hubId: torture
servers:
  - name: obm
    adapter: opr
    password: '\${OBM_IN}'
    answerWithin: 0
    settings: { syncUrl: '${obmUrl}', user: opr-connect, password: '\${OBM_OUT}', settleMs: 200 }
  - name: servicenow
    adapter: servicenow
    # What comes by the clock is no point of a walk.
    pollEverySeconds: 0
    # Whether a name is told late depends on how fast the machine is.
    idAttribute: ''
    urlAttribute: ''
    settings: { url: '${toolUrl}', user: opr.connect, password: '\${SN}', hookSecret: '\${HOOK}', settleMs: 500, timeoutMs: 5000 }
rules:
  - { name: from OBM, filter: { source: obm }, targets: [{ server: servicenow, type: synchronize }] }
`;
