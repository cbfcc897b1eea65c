import { randomUUID } from 'node:crypto';
import { describeCases, replace, type Case } from '../database/postgres.fixture';
import type { Sql, Statements } from '../database/statements';
import { OutboxRepository, type OutboxMessage, type Room } from './outbox.repository';

jest.setTimeout(60_000);

const LEASE_MS = 60_000;

/** What two cores do with one outbox, on a server of its own. */
class Cores {
  readonly server = randomUUID();
  readonly first: OutboxRepository;
  readonly second: OutboxRepository;

  constructor(
    readonly statements: Statements,
    sql: Sql = statements,
    /** Every statement commits by itself. */
    readonly autocommits = false,
  ) {
    this.first = new OutboxRepository(sql as Statements);
    this.second = new OutboxRepository(sql as Statements);
  }

  async begin(): Promise<this> {
    await this.statements.query('insert into server_state (server) values ($1)', [this.server]);
    return this;
  }

  room(more: Partial<Room> = {}): Room[] {
    return [{ server: this.server, concurrency: 8, ...more }];
  }

  claim(core = this.first, room: Partial<Room> = {}): Promise<OutboxMessage[]> {
    return core.claim(this.room(room), LEASE_MS);
  }

  /** A ForwardedEvent with messages waiting, the first one first. */
  async row(kinds: readonly string[], priority = 3): Promise<string[]> {
    const [event, row] = [randomUUID(), randomUUID()];
    await this.statements.query(`insert into event (id, event_id, document) values ($1, $2, '{}')`, [event, event]);
    await this.statements.query(
      `insert into forwarded_event (id, event, server, state, type, view) values ($1, $2, $3, 'queued', 'synchronize', '{}')`,
      [row, event, this.server],
    );
    const ids: string[] = [];
    for (const kind of kinds) {
      const id = randomUUID();
      ids.push(id);
      await this.statements.query(
        `insert into outbox_message (id, server, forwarded_event, kind, payload, priority) values ($1, $2, $3, $4, '{}', $5)`,
        [id, this.server, row, kind, priority],
      );
    }
    return ids;
  }

  /** The lease of whatever is claimed ends now, as if the core that claimed it had been held up. */
  async endLeases(): Promise<void> {
    await this.statements.query(
      `update outbox_message set due_at = now() - interval '1 second' where server = $1 and due_at > now() and due_at < 'infinity'`,
      [this.server],
    );
  }

  async state(change: string): Promise<void> {
    await this.statements.query(`update server_state set ${change} where server = $1`, [this.server]);
  }

  async left(): Promise<string[]> {
    const rows: { id: string }[] = await this.statements.query(
      `select id from outbox_message where server = $1 and state = 'pending' order by seq`,
      [this.server],
    );
    return rows.map(({ id }) => id);
  }
}

const ids = (messages: readonly OutboxMessage[]): string[] => messages.map(({ id }) => id).sort();
const NOT_DUE = { ms: 3_600_000, countsAttempt: true, error: 'later' };

const CASES: Case<Cores>[] = [
  {
    name: 'a message is claimed once',
    async holds(cores) {
      const [id] = await cores.row(['forward']);
      expect(ids(await cores.claim(cores.first))).toEqual([id]);
      expect(await cores.claim(cores.second)).toEqual([]);
    },
    mutants: { 'a claim without a lease': replace('due_at = now() + $5', 'due_at = now() - $5') },
  },
  {
    name: 'two cores that look at the same moment never claim the same message',
    async holds(cores) {
      const all = (await Promise.all(Array.from({ length: 20 }, () => cores.row(['forward'])))).flat();
      const claims = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          cores.claim(index % 2 ? cores.first : cores.second, { concurrency: 50 }),
        ),
      );
      const claimed = claims.flat().map(({ id }) => id);
      expect(new Set(claimed).size).toBe(claimed.length);
      expect(claimed.length).toBeLessThanOrEqual(all.length);
      expect([...claimed, ...ids(await cores.claim(cores.first, { concurrency: 50 }))].sort()).toEqual([...all].sort());
    },
    mutants: { 'a claim that never ends': replace('m.due_at <= now()\n', "m.due_at <= now() + interval '1 day'\n") },
  },
  {
    name: 'of one ForwardedEvent only the first message is claimed, across retries too',
    async holds(cores) {
      const [first, second] = await cores.row(['change', 'change']);
      const [claimed] = await cores.claim();
      expect(claimed?.id).toBe(first);
      if (!claimed) return;
      await cores.first.release(claimed, NOT_DUE);
      expect(await cores.claim()).toEqual([]);
      await cores.endLeases();
      expect(ids(await cores.claim())).toEqual([first]);
      expect(await cores.left()).toEqual([first, second]);
    },
    mutants: { 'blind for the key': replace(/and not exists \(select[\s\S]+?'forward'\)\)/, '') },
  },
  {
    name: 'a rejected forward holds up what comes after it, a rejected change does not',
    async holds(cores) {
      await cores.row(['forward', 'change']);
      const [after] = (await cores.row(['change', 'change'])).slice(1);
      for (const message of await cores.claim()) await cores.first.bury(message, 'no', cores.statements);
      expect(ids(await cores.claim())).toEqual([after]);
    },
    mutants: {
      'only what waits holds up': replace("(e.state = 'pending' or e.kind = 'forward')", "e.state = 'pending'"),
      'every dead letter holds up': replace("(e.state = 'pending' or e.kind = 'forward')", 'true'),
    },
  },
  {
    name: 'who lost the lease removes nothing, gives nothing back and buries nothing',
    async holds(cores) {
      const [id] = await cores.row(['forward']);
      const [mine] = await cores.claim(cores.first);
      await cores.endLeases();
      const [theirs] = await cores.claim(cores.second);
      if (!mine || !theirs) throw new Error('nothing was claimed');
      expect([...(await cores.first.complete([mine], cores.statements))]).toEqual([]);
      expect(await cores.first.bury(mine, 'no', cores.statements)).toBe(false);
      await cores.first.release(mine, { ms: 0, countsAttempt: true, error: 'no' });
      expect([...(await cores.first.renew([mine], LEASE_MS))]).toEqual([]);
      expect(await cores.left()).toEqual([id]);
      expect(await cores.claim(cores.first)).toEqual([]);
      expect([...(await cores.second.complete([theirs], cores.statements))]).toEqual([id]);
      expect(await cores.left()).toEqual([]);
    },
    mutants: {
      'unfenced removal': replace(
        'm.id = held.id and m.claim = held.claim returning m.id',
        'm.id = held.id returning m.id',
      ),
      'unfenced return': replace(/where id = \$1 and claim = \$2`?$/, 'where id = $1 and $2::uuid is not null'),
    },
  },
  {
    name: 'a message whose lease has ended is claimed again, with one more attempt',
    async holds(cores) {
      await cores.row(['forward']);
      const [first] = await cores.claim(cores.first);
      await cores.endLeases();
      const [again] = await cores.claim(cores.second);
      expect([first?.attempts, again?.attempts]).toEqual([1, 2]);
      expect(again?.claim).not.toBe(first?.claim);
    },
    mutants: {
      'a sticky lease': replace(
        /due_at = now\(\) \+ \$5 \* interval '1 millisecond'/,
        "due_at = case when $5::int > 0 then 'infinity'::timestamptz end",
      ),
      'attempts that nobody counts': replace('attempts = attempts + 1', 'attempts = 1'),
    },
  },
  {
    name: 'what a transaction that fails had removed is still there',
    async holds(cores) {
      const [id] = await cores.row(['forward']);
      const [message] = await cores.claim();
      await cores.statements
        .transaction(async (sql) => {
          if (message) await cores.first.complete([message], cores.autocommits ? cores.statements : sql);
          throw new Error('the rest could not be written');
        })
        .catch(() => undefined);
      expect(await cores.left()).toEqual([id]);
    },
    mutants: { autocommit: 'autocommit' },
  },
  {
    name: 'a wait for the whole server costs no attempt, another one does, and both keep the reason',
    async holds(cores) {
      const [id] = await cores.row(['forward']);
      const attempts = async () => (await cores.claim())[0]?.attempts;
      for (const countsAttempt of [false, true]) {
        const [message] = await cores.claim();
        if (message) await cores.first.release(message, { ms: 0, countsAttempt, error: `tried: ${countsAttempt}` });
      }
      expect(await attempts()).toBe(2);
      const [row]: { reasons: { attempt: number; reason: string }[] }[] = await cores.statements.query(
        'select reasons from outbox_message where id = $1',
        [id],
      );
      expect(row?.reasons).toMatchObject([{ reason: 'tried: false' }, { reason: 'tried: true' }]);
    },
    mutants: {
      'every wait costs an attempt': replace('attempts = attempts - $4', 'attempts = attempts - 0 * $4'),
      'reasons forgotten': replace(/reasons = \([\s\S]+?one\)/, "reasons = '[]'"),
    },
  },
  {
    name: 'a server gets no more calls at once than it has places, whoever makes them',
    async holds(cores) {
      for (let rows = 0; rows < 5; rows++) await cores.row(['forward']);
      const mine = await cores.claim(cores.first, { concurrency: 2 });
      expect(mine).toHaveLength(2);
      expect(await cores.claim(cores.second, { concurrency: 2 })).toEqual([]);
      const [done] = mine;
      if (done) await cores.first.complete([done], cores.statements);
      expect(await cores.claim(cores.second, { concurrency: 2 })).toHaveLength(1);
    },
    mutants: {
      'blind for what is under way': replace(
        /- \(select count\(\*\) from outbox_message m[^\n]+\) as places/,
        'as places',
      ),
    },
  },
  {
    name: 'nothing is claimed for a server that is paused or held, and one message tries out a server that failed',
    async holds(cores) {
      for (let rows = 0; rows < 3; rows++) await cores.row(['forward']);
      await cores.state(`failures = 2, paused_until = now() + interval '1 hour'`);
      expect(await cores.claim()).toEqual([]);
      await cores.state(`paused_until = now() - interval '1 second', held_at = now()`);
      expect(await cores.claim()).toEqual([]);
      await cores.state('held_at = null');
      expect(await cores.claim()).toHaveLength(1);
      expect(await cores.claim(cores.second)).toEqual([]);
    },
    mutants: {
      'blind for pauses': replace('and (s.paused_until is null or s.paused_until <= now())', ''),
      'blind for holds': replace('s.held_at is null and ', ''),
      'everybody at once after a failure': replace('when failures > 0 then 1', 'when failures > 0 then concurrency'),
    },
  },
  {
    name: 'a server that works again gets more calls little by little',
    async holds(cores) {
      for (let rows = 0; rows < 4; rows++) await cores.row(['forward']);
      await cores.state('resumed_at = now()');
      expect((await cores.claim()).length).toBeLessThan(4);
    },
    mutants: {
      'all at once': replace('coalesce(1 + extract(epoch from now() - resumed_at) * 4, concurrency)', 'concurrency'),
    },
  },
  {
    name: 'a server gets no more calls in a minute than its rate, whoever makes them',
    async holds(cores) {
      for (let rows = 0; rows < 8; rows++) await cores.row(['forward']);
      const claimed: OutboxMessage[] = [];
      for (let looks = 0; looks < 4; looks++)
        claimed.push(...(await cores.claim(looks % 2 ? cores.first : cores.second, { ratePerMinute: 12 })));
      expect(claimed).toHaveLength(2);
      await cores.state(`budget_at = now() - interval '5 seconds'`);
      expect(await cores.claim(cores.first, { ratePerMinute: 12 })).toHaveLength(1);
    },
    mutants: {
      'a budget that nobody spends': replace(
        'room.budget - (select count(*) from picked where picked.server = s.server)',
        'room.budget',
      ),
      'a budget that is never filled': replace('* c.rate / 60) end', '* 0) end'),
    },
  },
  {
    name: 'what is urgent goes first, and among equals what was due first',
    async holds(cores) {
      await cores.row(['forward'], 4);
      const [early] = await cores.row(['forward'], 0);
      await cores.row(['forward'], 0);
      expect(ids(await cores.claim(cores.first, { concurrency: 1 }))).toEqual([early]);
    },
    mutants: { 'in the order of arrival': replace('order by m.priority, m.due_at', 'order by m.due_at') },
  },
  {
    name: 'one server never waits for the places of another',
    async holds(cores) {
      const busy = new Cores(cores.statements);
      await busy.begin();
      for (let rows = 0; rows < 3; rows++) await busy.row(['forward']);
      const [mine] = await cores.row(['forward']);
      const both = [...busy.room({ concurrency: 2 }), ...cores.room({ concurrency: 2 })];
      expect((await cores.first.claim(both, LEASE_MS)).filter(({ server }) => server === cores.server)).toMatchObject([
        { id: mine },
      ]);
      const [next] = await cores.row(['forward']);
      expect(ids(await cores.first.claim(both, LEASE_MS))).toEqual([next]);
    },
    mutants: {
      'places shared by all': replace('m.server = free.server and m.claim is not null', 'm.claim is not null'),
    },
  },
];

describeCases('the outbox', CASES, (...made) => new Cores(...made).begin());
