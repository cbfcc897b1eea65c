import { readFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { ServiceNowSettings } from '.';
import { HOOK_SECRET, KEY, openBench, USER, type Bench } from './servicenow.fixture';

const manual = readFileSync(join(__dirname, '../../../../docs/servicenow.md'), 'utf8');

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.fake.close());

/** Runs the manual's script against stand-ins for the classes of the instance, and answers what it posted. */
function runBusinessRule(row: Record<string, string>, entries: Record<string, string>[]) {
  const posted: { url: string; body: string; headers: Record<string, string> } = { url: '', body: '', headers: {} };
  const errors: string[] = [];
  const properties: Record<string, string> = {
    'opr_connect.hook_url': 'https://hub.example.com/hooks/servicenow',
    'opr_connect.hook_secret': HOOK_SECRET,
  };
  let at = -1;
  const current = {
    ...{ assigned_to: { user_name: 'itil.user' }, assignment_group: { name: null } },
    getValue: (name: string) => row[name] || null,
    getUniqueValue: () => row['sys_id'],
    getTableName: () => 'incident',
  };
  const script = /```js\n([\s\S]*?)```/.exec(manual)?.[1] ?? '';
  runInNewContext(script, {
    current,
    gs: { getProperty: (name: string) => properties[name], error: (text: string) => errors.push(text) },
    GlideDateTime: class {
      addSeconds() {}
      getValue = () => '2024-03-29 20:40:16';
    },
    GlideRecord: class {
      addQuery() {}
      orderBy() {}
      query() {}
      next = () => (at += 1) < entries.length;
      getValue = (name: string) => entries[at]?.[name] ?? null;
      getUniqueValue = () => entries[at]?.['sys_id'];
    },
    GlideStringUtil: { base64Encode: (text: string) => Buffer.from(text).toString('base64') },
    GlideCertificateEncryption: class {
      generateMac = (key: string, algorithm: string, data: string) =>
        createHmac(algorithm.replace('Hmac', ''), Buffer.from(key, 'base64')).update(data).digest('base64');
    },
    sn_ws: {
      RESTMessageV2: class {
        setHttpMethod() {}
        setHttpTimeout() {}
        setEndpoint = (url: string) => (posted.url = url);
        setRequestHeader = (name: string, value: string) => (posted.headers[name.toLowerCase()] = value);
        setRequestBody = (body: string) => (posted.body = body);
        execute = () => ({ getStatusCode: () => 500 });
      },
    },
  });
  return { posted, errors };
}

describe('the manual', () => {
  it('has a business rule whose hooks the adapter accepts and understands', async () => {
    const row = {
      ...{ sys_id: 'a'.repeat(32), number: 'INC0010001', correlation_id: KEY, sys_mod_count: '3', state: '2' },
      ...{ short_description: 'Lüfter 🚒 "steht"', assigned_to: 'b'.repeat(32), sys_updated_by: 'itil.user' },
    };
    const entry = {
      ...{ sys_id: 'c'.repeat(32), element: 'work_notes', value: 'Schaue nach\n✓', sys_created_by: 'itil.user' },
      sys_created_on: '2024-03-29 20:40:15',
    };
    const { posted, errors } = runBusinessRule(row, [entry]);
    expect(posted.url).toBe('https://hub.example.com/hooks/servicenow');
    expect(errors).toEqual(['OPR Connect: the hook of INC0010001 was answered with 500']);
    const hook = { headers: posted.headers, body: Buffer.from(posted.body), receivedAt: '2024-03-29T20:40:17Z' };
    expect(() => bench.adapter.verifyHook(hook)).not.toThrow();
    expect(await bench.adapter.receiveChange(hook)).toMatchObject([
      {
        id: KEY,
        snapshot: {
          version: '3',
          fields: {
            ...{ short_description: row.short_description, state: '2', description: '', assignment_group: '' },
            'assigned_to.user_name': 'itil.user',
          },
        },
        annotations: [{ text: entry.value, author: 'itil.user', own: false, time: '2024-03-29T20:40:15Z' }],
      },
    ]);
  });

  it('has a business rule that tells what the fake tells', async () => {
    const { posted } = runBusinessRule({ sys_id: 'a'.repeat(32) }, []);
    bench.fake.hooks.target = { url: 'http://127.0.0.1:1/', secret: HOOK_SECRET };
    bench.fake.tables.insert({ correlation_display: 'OPR Connect' }, USER);
    await bench.fake.hooks.quiet();
    const [script, fake] = [posted.body, bench.fake.hooks.sent[0]?.body ?? ''].map((body): Record<string, object> =>
      JSON.parse(body),
    );
    expect(Object.keys(script ?? {}).sort()).toEqual(Object.keys(fake ?? {}).sort());
    expect(Object.keys(script?.['fields'] ?? {}).sort()).toEqual(Object.keys(fake?.['fields'] ?? {}).sort());
    expect(script).toMatchObject({ operation: 'insert', sys_mod_count: '0' });
  });

  it('describes every setting, with its default', () => {
    const settings = new ServiceNowSettings();
    for (const [name, value] of Object.entries(settings)) {
      const line = manual.split('\n').find((each) => each.startsWith(`| \`${name}\` `));
      expect(line).toContain(`\`${value}\``);
    }
    for (const name of [
      'url',
      'user',
      'password',
      'hookSecret',
      'callerId',
      'assignmentGroup',
      'contactType',
      'closeCode',
    ])
      expect(manual).toContain(`| \`${name}\` `);
  });
});
