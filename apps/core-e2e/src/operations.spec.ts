import { OprClient } from '@opr-connect/core/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newEvent } from './support/events';
import { Installation, SECRETS } from './support/installation';

const text = readFileSync(join(__dirname, '../../../docs/operations.md'), 'utf8');

let hub: Installation;
beforeAll(async () => {
  hub = await Installation.start();
  await hub.asObm.forward(newEvent());
});
afterAll(() => hub?.close());

describe('docs/operations.md', () => {
  it('has a row for every metric, and speaks of no other', async () => {
    const { body } = await new OprClient(hub.core.url, 'console', SECRETS.CONSOLE).send('GET', '/metrics');
    const measured = [...body.matchAll(/^# TYPE (opr_connect_\w+)/gm)].map(([, name]) => name);
    const rows = [...text.matchAll(/^\| `(opr_connect_\w+)` +\|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(measured.sort());
    const named = [...text.matchAll(/opr_connect_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''));
    expect(named.filter((name) => !measured.includes(name))).toEqual([]);
  });

  const calls = [...text.matchAll(/^hub (.+)$/gm)].map(([, line = '']) => line);

  it('has examples of calls', () => {
    expect(calls.length).toBeGreaterThan(10);
  });

  it.each(calls)('has a call that the hub knows: %s', async (line) => {
    const [, path = ''] = /\$HUB\/api([^\s"]+)/.exec(line) ?? [];
    const [, body] = / -d '([^']+)'/.exec(line) ?? [];
    const method = body !== undefined || line.includes('-X POST') ? 'POST' : 'GET';
    const answer = await hub.api(method, path, JSON.parse(body ?? '{}') as object);
    // The id of an example may be nobody's.
    if (answer.status === 404) expect(answer.body.message).toMatch(/by this id$/);
    else expect([line, [200, 202].includes(answer.status), answer.body]).toEqual([line, true, expect.anything()]);
  });
});
