import { serverUuid } from './server-uuid';
import { uuidV5 } from './uuid-v5';

describe('uuidV5', () => {
  it('is the example of RFC 9562, appendix A.4', () => {
    expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });
});

describe('serverUuid', () => {
  it('never changes for the same hub and first name', () => {
    expect(serverUuid('demo-hub', { name: 'servicenow' })).toBe('7068d570-84ff-545f-9e75-641324ad6954');
  });

  it('depends on the hub and on the first name, which an alias keeps', () => {
    const uuid = serverUuid('demo-hub', { name: 'obm' });
    expect(serverUuid('other-hub', { name: 'obm' })).not.toBe(uuid);
    expect(serverUuid('demo-hub', { name: 'OBM' })).not.toBe(uuid);
    expect(serverUuid('demo-hub', { name: 'obm-2', aliases: ['obm', 'obm-1'] })).toBe(uuid);
  });
});
