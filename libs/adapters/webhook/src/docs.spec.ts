import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { HookRequest } from '@opr-connect/adapter-kit';
import { WebhookSettings } from '.';
import { WebhookAdapter } from './webhook.adapter';
import { eventBody } from './webhook.body';
import { ANSWERS } from './webhook.client';
import {
  aChange,
  anEvent,
  closed,
  delivery,
  forwardedAs,
  HOOK_SECRET,
  KEY,
  SECRET,
  settingsFor,
} from './webhook.fixture';

const manual = readFileSync(join(__dirname, '../../../../docs/webhook.md'), 'utf8');
const lines = manual.split('\n');

describe('the manual', () => {
  it('has a receiver that takes what the adapter sends, once, and tells what the adapter understands', async () => {
    const hooks: HookRequest[] = [];
    const door = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        hooks.push({ headers, body: Buffer.concat(chunks), receivedAt: new Date().toISOString() });
        response.writeHead(202).end(() => door.emit('told'));
      });
    }).listen(0, '127.0.0.1');
    await once(door, 'listening');
    const HOOK_URL = `http://127.0.0.1:${(door.address() as AddressInfo).port}/`;
    const script = /```js\n([\s\S]*?)```/.exec(manual)?.[1] ?? '';
    const receiver = spawn(process.execPath, ['-e', script], {
      env: { SECRET, HOOK_SECRET, HOOK_URL, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [said] = (await once(receiver.stdout, 'data')) as [Buffer];
      const port = /listening on (\d+)/.exec(String(said))?.[1];
      const adapterWith = (secret: string) => new WebhookAdapter(settingsFor(`http://127.0.0.1:${port}/`, { secret }));
      const adapter = adapterWith(SECRET);
      const told = once(door, 'told');
      const written = await adapter.forwardEvent(anEvent(), delivery());
      expect(written.ref.id).toBe('T-1');
      expect(await adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }))).toEqual(written);
      await adapter.forwardChange(aChange(closed), forwardedAs(written), delivery({ key: 'c-1' }));
      await expect(adapterWith(HOOK_SECRET).forwardEvent(anEvent(), delivery())).rejects.toThrow('401');
      await told;
      expect(hooks).toHaveLength(1);
      for (const hook of hooks) {
        adapter.verifyHook?.(hook);
        expect(await adapter.receiveChange?.(hook, AbortSignal.timeout(1_000))).toMatchObject([
          { id: KEY, changes: [], annotations: [{ author: 'desk', text: 'We are on it.' }] },
        ]);
      }
    } finally {
      receiver.kill();
      door.closeAllConnections();
      door.close();
    }
  });

  it('describes every setting, with its default', () => {
    const settings: object = new WebhookSettings();
    for (const [name, value] of Object.entries(settings)) {
      const shown = Array.isArray(value) ? '[]' : String(value);
      expect(lines.find((line) => line.startsWith(`| \`${name}\` `))).toContain(`\`${shown}\``);
    }
    const required = ['url', 'changeUrl', 'secret', 'previousSecret', 'hookSecret', 'previousHookSecret'];
    for (const name of [...required, 'bodyMapping', 'hookMapping']) expect(manual).toContain(`| \`${name}\` `);
  });

  it('describes every field of an event', () => {
    const [, table = ''] = /(\| field of `event`[\s\S]*?)\n\n/.exec(manual) ?? [];
    const event = anEvent({
      ...{ solution: 's', priority: 'low', category: 'c', subCategory: 'c', application: 'a', object: 'o', type: 't' },
      ...{ key: 'k', duplicateCount: 1, timeCreated: 't', timeStateChanged: 't', drilldownUrl: 'u' },
      ...{ assignedUser: { loginName: 'u' }, assignedGroup: { name: 'g' }, cause: { targetId: 'c' } },
    });
    const fields = Object.keys(eventBody(event)).sort();
    const described = [...table.matchAll(/^\| (`.*?`) +\|/gm)].flatMap(([, names = '']) => names.match(/\w+/g) ?? []);
    expect(described.filter((name) => name !== 'event').sort()).toEqual(fields);
  });

  it('says what becomes of every answer', () => {
    const section = /## What becomes of an answer([\s\S]*?)\n## /.exec(manual)?.[1] ?? '';
    for (const { status } of ANSWERS) {
      const [from, to] = status;
      expect(section).toContain(from === to ? String(from) : `${Math.floor(from / 100)}xx`);
    }
  });
});
