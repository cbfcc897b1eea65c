import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error';
import { type HubConfig } from './hub-config';
import { loadConfig } from './load-config';

const folder = mkdtempSync(join(tmpdir(), 'opr-connect-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const variables = { P1: 'hunter2-p1', P2: 'hunter2-p2', SN: 'hunter2-sn', HOST: 'sn.example.com', EMPTY: '' };

function load(source: string | Buffer): HubConfig {
  const configFile = join(folder, 'hub.yaml');
  writeFileSync(configFile, source);
  return loadConfig({ configFile, variables });
}

function problemsOf(source: string | Buffer): readonly string[] {
  try {
    load(source);
  } catch (error) {
    if (error instanceof ConfigError) {
      expect(error.message).not.toContain('hunter2');
      return error.problems;
    }
    throw error;
  }
  return [];
}

/** One server named `a`, and the given lines in it. */
const server = (...lines: string[]) =>
  ['servers:', '  - name: a', '    adapter: opr', ...lines.map((line) => `    ${line}`)].join('\n');
/** Servers `a` and `b`, and one rule with the given lines. */
const rule = (...lines: string[]) =>
  ['servers: [{ name: a, adapter: opr }, { name: b, adapter: opr, aliases: [old] }]', 'rules:', '  - name: r']
    .concat(lines.map((line) => `    ${line}`))
    .join('\n');
const toB = 'targets: [{ server: b, type: notify }]';

const HUB = `
hubId: demo-hub
publicUrl: https://hub.example.com/
operators: [{ name: console, password: \${P1} }]
servers:
  - name: obm
    adapter: opr
    password: \${P1}
    aliases: [omi]
    settings:
      syncUrl: https://\${HOST}/opr-gateway
      password: \${P2}
  - name: servicenow
    label: ServiceNow at \${HOST}
    uuid: 7068D570-84FF-545F-9E75-641324AD6954
    adapter: servicenow
    active: false
    password: file:secret.txt
    forwardingType: notify
    answerWithin: 0.5
    strict: true
    echoToSender: true
    doubtWindow: 60
    settings: { url: "https://\${HOST}", hookSecret: \${SN}, missing: \${MISSING}, nothing: }
rules:
  - name: from OBM
    filter: { source: [obm, local], severity: critical, priority: [high, highest], state: open, category: web, titleContains: disk }
    targets: [{ server: servicenow, type: synchronize }]
  - { name: off, active: false, targets: [{ server: obm, type: notify }] }
`;

describe('loadConfig', () => {
  it('refuses a uuid that another server has by default', () => {
    const uuid = load(server()).servers[0]?.uuid;
    expect(problemsOf(`${server()}\n  - { name: b, adapter: opr, uuid: ${uuid} }`)).toEqual([
      'servers[1].uuid: is already used by servers[0].uuid',
    ]);
  });

  it('answers an empty configuration without a file, with an empty one, and with fields left empty', () => {
    const retention = { eventsDays: 90, historyDays: 365 };
    const metrics = { open: false };
    const empty = { hubId: 'opr-connect', metrics, retention, operators: [], servers: [], rules: [] };
    expect({ ...loadConfig({ variables }) }).toEqual(empty);
    expect({ ...load('') }).toEqual(empty);
    expect({ ...load('# nothing yet\nservers:\nrules:\n') }).toEqual(empty);
  });

  it('reads every field, resolves references, and leaves the settings of the servers as written', () => {
    writeFileSync(join(folder, 'secret.txt'), 'hunter2 from a file\r\n');
    const config = load(HUB);
    expect(config).toMatchObject({ hubId: 'demo-hub', publicUrl: 'https://hub.example.com' });
    expect(config.operators).toMatchObject([{ name: 'console', password: 'hunter2-p1' }]);
    expect(config.servers.map((entry) => ({ ...entry }))).toEqual([
      {
        name: 'obm',
        uuid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5/),
        aliases: ['omi'],
        adapter: 'opr',
        active: true,
        password: 'hunter2-p1',
        forwardingType: 'synchronize',
        answerWithin: 5,
        strict: false,
        echoToSender: false,
        concurrency: 8,
        floodWindow: 30,
        pollEverySeconds: 300,
        reconcileEverySeconds: 86_400,
        doubtWindow: 600,
        settings: { syncUrl: 'https://${HOST}/opr-gateway', password: '${P2}' },
      },
      {
        name: 'servicenow',
        label: 'ServiceNow at sn.example.com',
        uuid: '7068d570-84ff-545f-9e75-641324ad6954',
        aliases: [],
        adapter: 'servicenow',
        active: false,
        password: 'hunter2 from a file',
        forwardingType: 'notify',
        answerWithin: 0.5,
        strict: true,
        echoToSender: true,
        concurrency: 8,
        floodWindow: 30,
        pollEverySeconds: 300,
        reconcileEverySeconds: 86_400,
        doubtWindow: 60,
        settings: { url: 'https://${HOST}', hookSecret: '${SN}', missing: '${MISSING}' },
      },
    ]);
    expect(config.rules).toMatchObject([
      {
        name: 'from OBM',
        active: true,
        filter: {
          source: ['obm', 'local'],
          severity: ['critical'],
          priority: ['high', 'highest'],
          state: ['open'],
          category: ['web'],
          titleContains: 'disk',
        },
        targets: [{ server: 'servicenow', type: 'synchronize' }],
      },
      { name: 'off', active: false },
    ]);
  });

  it('writes ${ as $${ and takes the same list twice by a YAML alias', () => {
    const config = load(`${server('label: costs $${P1} $5')}\nrules:
      - { name: one, targets: &both [{ server: a, type: notify }] }
      - { name: two, targets: *both }`);
    expect(config.servers[0]?.label).toBe('costs ${P1} $5');
    expect(config.rules[1]?.targets).toEqual(config.rules[0]?.targets);
  });

  it.each<[what: string, source: string | Buffer, problem: string | RegExp]>([
    // The file
    ['a text', 'hunter2', 'must be a map of fields'],
    ['a list', '- hunter2', 'must be a map of fields'],
    ['not YAML', 'hubId: x\nservers: [\nrules: hunter2', /^line 3, column \d+: /],
    ['a tab', 'servers:\n\t- name: hunter2', 'line 2, column 1: Tabs are not allowed as indentation'],
    ['a field twice', 'hubId: a\nhubId: hunter2', 'line 2, column 1: Map keys must be unique'],
    ['a tag', 'hubId: !secret hunter2', 'line 1, column 8: Unresolved tag'],
    ['two documents', 'hubId: a\n---\nhubId: b', 'line 2, column 1: Source contains multiple documents'],
    ['an alias without anchor', 'hubId: *hunter2', 'has a YAML alias whose anchor does not come before it'],
    ['an alias of itself', 'servers: &a [*a]', 'is nested more than 32 levels deep'],
    ['a bomb of aliases', bomb(9, 9), 'uses more than 100 YAML aliases'],
    ['much out of little', `a: &a [${'x,'.repeat(20_000)}]\nb: [${'*a,'.repeat(90)}]`, 'has more than 100000 values'],
    ['deep nesting', `a: ${'['.repeat(5_000)}`, 'is nested more than 32 levels deep'],
    ['more than 1 MB', `#${'x'.repeat(1_000_000)}`, 'is larger than 1000000 bytes'],
    ['not UTF-8', Buffer.from([0x68, 0xff]), 'is not UTF-8 text'],
    // Unknown fields
    ['an unknown field', 'hubID: hunter2', 'hubID: is not a known field'],
    ['a merge key', '<<: { hubId: a }', '<<: is not a known field'],
    ['an unknown field of a server', server('pasword: hunter2'), 'servers[0].pasword: is not a known field'],
    ['an unknown field of a filter', rule('filter: { titel: x }', toB), 'rules[0].filter.titel: is not a known field'],
    [
      'an unknown field of a target',
      rule('targets: [{ server: b, type: notify, via: x }]'),
      'rules[0].targets[0].via: is not a known field',
    ],
    ['a name that changes objects', '__proto__: { hubId: a }', '__proto__: is not a known field'],
    ['one inside a server', server('constructor: x'), 'servers[0].constructor: is not a known field'],
    // The hub
    ['a hub id with a blank', 'hubId: my hub', 'hubId: must be 1 to 64 letters, digits, dots, hyphens or underscores'],
    ['a number as hub id', 'hubId: 5', 'hubId: must be 1 to 64 letters, digits, dots, hyphens or underscores'],
    [
      'a public URL without scheme',
      'publicUrl: hub.example.com',
      'publicUrl: must be an http or https URL without user, query or fragment',
    ],
    [
      'a public URL with a password',
      'publicUrl: https://me:hunter2@hub',
      'publicUrl: must be an http or https URL without user, query or fragment',
    ],
    ['a map for a list', 'servers: { a: { adapter: opr } }', 'servers: must be a list'],
    ['a text for a list', 'servers: hunter2', 'servers: must be a list'],
    ['a text in a list of maps', 'servers: [hunter2]', 'servers: must be a list of maps'],
    ['a list in a list of maps', 'operators: [[]]', 'operators: must be a list of maps'],
    // Operators
    ['an operator without name', 'operators: [{ password: "${P1}" }]', /^operators\[0\]\.name: must be 1 to 64/],
    ['an operator without password', 'operators: [{ name: o }]', 'operators[0].password: must be a text'],
    [
      'an operator twice',
      'operators: [{ name: o, password: "${P1}" }, { name: o, password: "${P2}" }]',
      'operators[1].name: is already used by operators[0].name',
    ],
    // Secrets and references
    [
      'a literal secret',
      server('password: hunter2'),
      'servers[0].password: must be ${NAME} of an environment variable or file:<path>',
    ],
    [
      'a number as secret',
      server('password: 12345'),
      'servers[0].password: must be ${NAME} of an environment variable or file:<path>',
    ],
    [
      'a list as secret',
      server('password: [hunter2]'),
      'servers[0].password: must be ${NAME} of an environment variable or file:<path>',
    ],
    [
      'a secret that is only partly a reference',
      server('password: hunter2${P1}'),
      'servers[0].password: must be ${NAME} of an environment variable or file:<path>',
    ],
    [
      'a literal secret of an operator',
      'operators: [{ name: o, password: hunter2 }]',
      'operators[0].password: must be ${NAME} of an environment variable or file:<path>',
    ],
    [
      'a secret variable that is not set',
      server('password: ${NOPE}'),
      'servers[0].password: environment variable NOPE is not set',
    ],
    [
      'a secret variable set to nothing',
      server('password: ${EMPTY}'),
      'servers[0].password: environment variable EMPTY is not set',
    ],
    [
      'a secret file that is not there',
      server('password: file:hunter2.txt'),
      'servers[0].password: the file that it names cannot be read (ENOENT)',
    ],
    [
      'a secret file that is a folder',
      server('password: file:.'),
      'servers[0].password: the file that it names is not a regular file',
    ],
    [
      'a secret file without path',
      server('password: "file:"'),
      'servers[0].password: must be ${NAME} of an environment variable or file:<path>',
    ],
    [
      'a variable that is not set',
      server('label: to ${NOPE}'),
      'servers[0].label: environment variable NOPE is not set',
    ],
    ['a reference without end', server('label: "${P1"'), /^servers\[0\]\.label: has a \$\{ that is not/],
    ['a reference that is no name', server('label: ${P-1}'), /^servers\[0\]\.label: has a \$\{ that is not/],
    // Servers
    ['a server without name', 'servers: [{ adapter: opr }]', /^servers\[0\]\.name: must be 1 to 64/],
    [
      'a server name that is too long',
      `servers: [{ name: ${'a'.repeat(65)}, adapter: opr }]`,
      /^servers\[0\]\.name: must be 1 to 64/,
    ],
    ['a server name with a colon', 'servers: [{ name: "a:b", adapter: opr }]', /^servers\[0\]\.name: must be 1 to 64/],
    ['a server without adapter', 'servers: [{ name: a }]', 'servers[0].adapter: must be a text'],
    [
      'a reserved name',
      'servers: [{ name: local, adapter: opr }]',
      'servers[0].name: local is the name of the hub itself',
    ],
    ['a reserved alias', server('aliases: [local]'), 'servers[0].aliases[0]: local is the name of the hub itself'],
    [
      'a name twice',
      'servers: [{ name: a, adapter: opr }, { name: a, adapter: opr }]',
      'servers[1].name: is already used by servers[0].name',
    ],
    [
      "a name that was another one's",
      'servers: [{ name: b, adapter: opr, aliases: [a] }, { name: a, adapter: opr }]',
      'servers[1].name: is already used by servers[0].aliases[0]',
    ],
    ['an alias of its own name', server('aliases: [a]'), 'servers[0].aliases[0]: is already used by servers[0].name'],
    ['aliases that are no list', server('aliases: b'), 'servers[0].aliases: must be a list'],
    ['an alias that is no name', server('aliases: [a b]'), /^servers\[0\]\.aliases: must be names of 1 to 64/],
    ['a uuid that is none', server('uuid: 1234'), 'servers[0].uuid: must be a UUID'],
    [
      'a uuid twice',
      `servers:\n${['a', 'B']
        .map((name) => `  - { name: ${name}, adapter: opr, uuid: 7068${name}570-84ff-545f-9e75-641324ad6954 }`)
        .join('\n')
        .replaceAll('7068B', '7068A')}`,
      'servers[1].uuid: is already used by servers[0].uuid',
    ],
    [
      'an unknown forwarding type',
      server('forwardingType: all'),
      /^servers\[0\]\.forwardingType: must be one of notify, notify_and_update, /,
    ],
    ['a flag that is none', server('active: maybe'), 'servers[0].active: must be true or false'],
    ['a flag that is a text', server('strict: "true"'), 'servers[0].strict: must be true or false'],
    ['a flag that is a number', server('echoToSender: 1'), 'servers[0].echoToSender: must be true or false'],
    [
      'a wait that is too long',
      server('answerWithin: 61'),
      'servers[0].answerWithin: must be a number of seconds from 0 to 60',
    ],
    [
      'a wait that is no number',
      server('answerWithin: 5s'),
      'servers[0].answerWithin: must be a number of seconds from 0 to 60',
    ],
    [
      'a wait that is not finite',
      server('answerWithin: .inf'),
      'servers[0].answerWithin: must be a number of seconds from 0 to 60',
    ],
    [
      'a negative doubt window',
      server('doubtWindow: -1'),
      'servers[0].doubtWindow: must be a whole number of seconds from 0 to 86400',
    ],
    ['a label that is no text', server('label: 5'), 'servers[0].label: must be a text'],
    ['settings that are no map', server('settings: hunter2'), 'servers[0].settings: must be a map of fields'],
    ['settings that are a list', server('settings: []'), 'servers[0].settings: must be a map of fields'],
    // Rules
    ['a rule without name', rule(toB).replace('name: r', 'active: true'), 'rules[0].name: must be a text'],
    ['a rule name twice', `${rule(toB)}\n  - { name: r, ${toB} }`, 'rules[1].name: is already used by rules[0].name'],
    ['a rule without targets', rule('active: true'), 'rules[0].targets: must be a list'],
    ['a rule with no target', rule('targets: []'), 'rules[0].targets: must name at least one server'],
    [
      'an unknown target',
      rule('targets: [{ server: c, type: notify }]'),
      'rules[0].targets[0].server: names no connected server',
    ],
    [
      'an old name as target',
      rule('targets: [{ server: old, type: notify }]'),
      'rules[0].targets[0].server: names no connected server (it is an old name of servers[1])',
    ],
    [
      'the hub as target',
      rule('targets: [{ server: local, type: notify }]'),
      'rules[0].targets[0].server: local is the hub itself, to which nothing is forwarded',
    ],
    [
      'a target twice',
      rule('targets: [{ server: b, type: notify }, { server: b, type: synchronize }]'),
      'rules[0].targets[1].server: is already used by rules[0].targets[0].server',
    ],
    [
      'a target without type',
      rule('targets: [{ server: b }]'),
      /^rules\[0\]\.targets\[0\]\.type: must be one of notify, /,
    ],
    ['a target that is a text', rule('targets: [b]'), 'rules[0].targets: must be a list of maps'],
    ['a filter that is a list', rule('filter: []', toB), 'rules[0].filter: must be a map of fields'],
    ['an unknown source', rule('filter: { source: c }', toB), 'rules[0].filter.source: names no connected server'],
    [
      'an unknown source in a list',
      rule('filter: { source: [a, c] }', toB),
      'rules[0].filter.source[1]: names no connected server',
    ],
    [
      'an empty list of sources',
      rule('filter: { source: [] }', toB),
      'rules[0].filter.source: must not be an empty list',
    ],
    [
      'an unknown severity',
      rule('filter: { severity: [critical, bad] }', toB),
      /^rules\[0\]\.filter\.severity: must be one of unknown, normal, /,
    ],
    [
      'an unknown priority',
      rule('filter: { priority: bad }', toB),
      /^rules\[0\]\.filter\.priority: must be one of none, /,
    ],
    ['an unknown state', rule('filter: { state: done }', toB), /^rules\[0\]\.filter\.state: must be one of open, /],
    [
      'a category that is a number',
      rule('filter: { category: [5] }', toB),
      'rules[0].filter.category: must be a text or a list of texts',
    ],
    ['an empty title', rule('filter: { titleContains: "" }', toB), 'rules[0].filter.titleContains: must not be empty'],
  ])('refuses %s', (_, source, problem) => {
    const expected = typeof problem === 'string' ? problem : expect.stringMatching(problem);
    expect(problemsOf(source)).toEqual(expect.arrayContaining([expected]));
  });

  it('tells everything that is wrong with a file, and each thing once', () => {
    const source = `hubid: x\n${server('password: hunter2', 'label: ${NOPE}', 'strict: 1')}
      \n  - { name: a, adapter: opr }\nrules: [{ name: r, targets: [{ server: c, type: notify }] }]`;
    expect([...problemsOf(source)].sort()).toEqual([
      'hubid: is not a known field',
      'rules[0].targets[0].server: names no connected server',
      'servers[0].label: environment variable NOPE is not set',
      'servers[0].password: must be ${NAME} of an environment variable or file:<path>',
      'servers[0].strict: must be true or false',
      'servers[1].name: is already used by servers[0].name',
    ]);
  });

  it('names the file', () => {
    const configFile = join(folder, 'not-there.yaml');
    expect(() => loadConfig({ configFile, variables })).toThrow(
      `${configFile} cannot be used:\n  - cannot be read (ENOENT)`,
    );
  });
});

function bomb(levels: number, width: number): string {
  const line = (level: number) =>
    `l${level}: &l${level} [${Array(width)
      .fill(level === 0 ? 'x' : `*l${level - 1}`)
      .join(', ')}]`;
  return Array.from({ length: levels }, (_, level) => line(level)).join('\n');
}
