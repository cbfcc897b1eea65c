import { writeEvent } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { serveCalls } from './child';
import { median } from './numbers';

export interface Load {
  /** Where events are posted to. */
  url: string;
  /** Name and password, for Basic. */
  login: readonly [string, string];
  /** How many new events, or which ids they have. */
  events: number | readonly string[];
  category: string;
  /** Requests under way at a time. */
  clients: number;
}

export interface LoadSeen {
  /** From the first request to the last answer. */
  ms: number;
  perSecond: number;
  /** Median of the time from a request to its answer. */
  ackMs: number;
  /** Answers per second in each tenth of the run. */
  tenths: number[];
}

export interface Reads {
  urls: readonly string[];
  login: readonly [string, string];
}

export type LoadCalls = {
  post(load: Load): Promise<LoadSeen>;
  /** One after the other. Answers how long each took, in milliseconds. */
  read(reads: Reads): Promise<number[]>;
};

const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const basic = ([name, password]: readonly [string, string]): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

/** An event as monitoring tools send them, in two halves around its id. */
function halves(category: string): [string, string] {
  const xml = writeEvent({
    id: '@id@',
    title: 'Disk array controller failed on dbhost-17.example.com',
    description: 'Controller 1 of array A does not answer. Controller 2 has taken over; the cache runs without mirror.',
    state: 'open',
    severity: 'critical',
    priority: 'high',
    category,
    subCategory: 'RAID',
    type: 'Hardware',
    application: 'Storage Monitor',
    object: 'array-A/controller-1',
    key: 'dbhost-17:array-A:controller-1:failed',
    originalData: 'ERR 0x5C controller=1 array=A state=FAILED failover=OK cache=UNMIRRORED',
  });
  const [before = '', after = ''] = xml.split('@id@');
  return [before, after];
}

async function post({ url, login, events, category, clients }: Load): Promise<LoadSeen> {
  const [before, after] = halves(category);
  const ids = typeof events === 'number' ? undefined : events;
  const count = typeof events === 'number' ? events : events.length;
  const headers = { authorization: basic(login), 'content-type': 'application/xml;charset=UTF-8' };
  const acks: number[] = [];
  const ends: number[] = [];
  let next = 0;
  const begun = performance.now();
  const client = async () => {
    while (next < count) {
      const id = ids?.[next] ?? randomUUID();
      next += 1;
      const asked = performance.now();
      await exchange('POST', url, headers, before + id + after);
      acks.push(performance.now() - asked);
      ends.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const ms = performance.now() - begun;
  return { ms, perSecond: (count / ms) * 1000, ackMs: median(acks), tenths: tenthsOf(ends) };
}

/** Answers per second in each tenth of the answers. */
function tenthsOf(ends: readonly number[]): number[] {
  const each = Math.max(1, Math.floor(ends.length / 10));
  return Array.from({ length: 10 }, (_, tenth) => {
    const from = tenth === 0 ? 0 : (ends[tenth * each - 1] ?? 0);
    const to = ends[(tenth + 1) * each - 1] ?? from;
    return (each / (to - from)) * 1000;
  });
}

async function read({ urls, login }: Reads): Promise<number[]> {
  const headers = { authorization: basic(login) };
  const took: number[] = [];
  for (const url of urls) {
    const asked = performance.now();
    await exchange('GET', url, headers);
    took.push(performance.now() - asked);
  }
  return took;
}

function exchange(method: string, url: string, headers: Record<string, string>, body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const all = body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) };
    const call = request(url, { method, headers: all, agent, timeout: 60_000 }, (answer) => {
      answer.resume();
      answer.once('error', reject).once('end', () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`${method} ${url} answered ${answer.statusCode}`));
      });
    });
    call.once('timeout', () => call.destroy(new Error(`${method} ${url} was not answered in time`)));
    call.once('error', reject);
    call.end(body);
  });
}

const calls: LoadCalls = { post, read };
if (require.main === module) serveCalls(calls);
