import { readFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { parseSettings } from '@opr-connect/adapter-kit';
import { ServiceNowSettings } from '.';
import { HOOK_SECRET, KEY, openBench, settingsFor, USER, type Bench } from './servicenow.fixture';

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
    'opr_connect.fields': 'u_customer, u_room',
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

/** The little YAML that the manual's examples need: `name: value`, and maps of that in braces. */
function flow(text: string): Record<string, unknown> {
  const [, name = '', value = ''] = /^([\w]+): (.*)$/.exec(text) ?? [];
  if (!value.startsWith('{')) return { [name]: value.replace(/^'|'$/g, '') };
  const pairs = value.slice(1, -1).split(',');
  return { [name]: Object.assign({}, ...pairs.map((pair) => flow(pair.trim()))) as Record<string, unknown> };
}

describe('the manual', () => {
  it('has a business rule whose hooks the adapter accepts and understands', async () => {
    const row = {
      ...{ sys_id: 'a'.repeat(32), number: 'INC0010001', correlation_id: KEY, sys_mod_count: '3', state: '2' },
      ...{
        u_customer: 'ACME',
        short_description: 'Lüfter 🚒 "steht"',
        assigned_to: 'b'.repeat(32),
        sys_updated_by: 'itil.user',
      },
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
    const customAttributes = { Customer: { field: 'u_customer', direction: 'both' } };
    expect(await bench.another({ mapping: { customAttributes } }).receiveChange(hook)).toMatchObject([
      {
        id: KEY,
        snapshot: {
          version: '3',
          fields: {
            ...{ short_description: row.short_description, state: '2', description: '', assignment_group: '' },
            'assigned_to.user_name': 'itil.user',
            u_customer: 'ACME',
          },
        },
        annotations: [{ text: entry.value, author: 'itil.user', own: false, time: '2024-03-29T20:40:15Z' }],
      },
    ]);
  });

  it('has a business rule that tells what the fake tells', async () => {
    const { posted } = runBusinessRule({ sys_id: 'a'.repeat(32) }, []);
    bench.fake.hooks.furtherFields = ['u_customer', 'u_room'];
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

  it.each([
    ['directions: { description: once, priority: back, assigned_group: none }', undefined],
    ['out: { critical: 1/1, major: 1/2 }', 'severity'],
    ['back: { 1: open, 2: in_progress, 3: in_progress, 6: resolved, 7: closed, 8: closed }', 'state'],
    ['Customer: { field: u_customer, direction: both }', 'customAttributes'],
    ['contact_type: monitoring', 'fields'],
    ['category: { jsonata: $lowercase(event.category) }', 'fields'],
    ["titleTemplate: '[{{ event.severity }}] {{ event.title }}'", undefined],
    ["descriptionTemplate: '{{ event.description }}, seen on {{ event.customAttributes.Host }}'", undefined],
  ])('has a mapping that is taken as it stands there: %s', (line, parent) => {
    expect(manual).toContain(`  ${line}\n`);
    const mapping = parent === undefined ? flow(line) : { [parent]: flow(line) };
    const plain = { ...settingsFor('https://example.service-now.com'), mapping };
    expect(parseSettings(ServiceNowSettings, plain)).toMatchObject({ ok: true });
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
      'scope',
      'apiKey',
      'hookSecret',
      'importTable',
      'callerId',
      'assignmentGroup',
      'closeCode',
      'mapping',
    ])
      expect(manual).toContain(`| \`${name}\` `);
  });
});
