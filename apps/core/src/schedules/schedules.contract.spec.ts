import { randomUUID } from 'node:crypto';
import { describeCases, replace, type Case } from '../database/postgres.fixture';
import type { Sql, Statements } from '../database/statements';
import { ScheduleRepository, type Recurring, type ScheduledWork } from './schedule.repository';

jest.setTimeout(60_000);

const LEASE_MS = 60_000;
const HOUR = 3_600_000;

/** What two cores do with one piece of work, on a server of its own. */
class Cores {
  readonly server = randomUUID();
  readonly first: ScheduleRepository;
  readonly second: ScheduleRepository;

  constructor(
    readonly statements: Statements,
    readonly sql: Sql = statements,
  ) {
    this.first = new ScheduleRepository(sql as Statements);
    this.second = new ScheduleRepository(sql as Statements);
  }

  async begin(): Promise<this> {
    await this.statements.query('insert into server_state (server) values ($1)', [this.server]);
    await this.first.ensure([this.work()]);
    return this;
  }

  work(more: Partial<Recurring> = {}): Recurring {
    return { kind: 'poll', server: this.server, everyMs: HOUR, firstMs: 0, ...more };
  }

  claim(core = this.first): Promise<ScheduledWork[]> {
    return core.claim([this.work()], LEASE_MS);
  }

  async claimed(core = this.first): Promise<ScheduledWork> {
    const [work] = await this.claim(core);
    if (!work) throw new Error('nothing was claimed');
    return work;
  }

  async state(change: string): Promise<void> {
    await this.statements.query(`update server_state set ${change} where server = $1`, [this.server]);
  }

  /** The core that claimed it is held up beyond its lease. */
  async endLease(): Promise<void> {
    await this.statements.query(`update scheduled_work set due_at = now() - interval '1 second' where server = $1`, [
      this.server,
    ]);
  }

  async row(): Promise<{ due: number; attempts: number; error: string | null; cursor: unknown; isDone: boolean }> {
    const [row] = await this.statements.query<[Awaited<ReturnType<Cores['row']>>]>(
      `select round(extract(epoch from due_at - now()) / 60)::float8 as due, attempts, error, cursor, done_at is not null as "isDone"
         from scheduled_work where server = $1`,
      [this.server],
    );
    return row;
  }
}

const CASES: Case<Cores>[] = [
  {
    name: 'work is claimed once, however many cores look at the same moment',
    async holds(cores) {
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, index) => cores.claim(index % 2 ? cores.first : cores.second)),
      );
      expect(claims.flat()).toHaveLength(1);
      expect(await cores.claim(cores.second)).toEqual([]);
    },
    mutants: { 'a claim without a lease': replace('due_at = now() + $4', 'due_at = now() - $4') },
  },
  {
    name: 'the work of a core that died is claimed by another, which goes on from where it got',
    async holds(cores) {
      const mine = await cores.claimed(cores.first);
      expect(await cores.first.advance(mine, { page: 1 }, cores.sql)).toBe(true);
      await cores.endLease();
      const theirs = await cores.claimed(cores.second);
      expect(theirs).toMatchObject({ id: mine.id, cursor: { page: 1 } });
      expect(theirs.claim).not.toBe(mine.claim);
    },
    mutants: {
      'a sticky claim': replace('where w.due_at <= now()', 'where w.claim is null and w.due_at <= now()'),
      'progress forgotten': replace('set cursor = $3', 'set cursor = case when $3::jsonb is null then $3::jsonb end'),
    },
  },
  {
    name: 'who lost the lease moves nothing, keeps nothing and ends nothing',
    async holds(cores) {
      const mine = await cores.claimed(cores.first);
      await cores.endLease();
      const theirs = await cores.claimed(cores.second);
      expect(await cores.first.advance(mine, { page: 9 }, cores.sql)).toBe(false);
      expect([...(await cores.first.renew([mine], LEASE_MS))]).toEqual([]);
      await cores.first.end(mine, { dueMs: 0 });
      expect(await cores.claim(cores.first)).toEqual([]);
      expect(await cores.row()).toMatchObject({ cursor: null, isDone: false });
      expect([...(await cores.second.renew([theirs], LEASE_MS))]).toEqual([theirs.id]);
    },
    mutants: {
      'unfenced progress': replace(
        'attempts = 0 where id = $1 and claim = $2',
        'attempts = 0 where id = $1 and $2::uuid is not null',
      ),
      'unfenced heartbeat': replace('w.id = held.id and w.claim = held.claim', 'w.id = held.id'),
      'unfenced end': replace(/where id = \$1 and claim = \$2`?$/, 'where id = $1 and $2::uuid is not null'),
    },
  },
  {
    name: 'nothing is claimed for a server that is held or paused',
    async holds(cores) {
      await cores.state(`paused_until = now() + interval '1 hour'`);
      expect(await cores.claim()).toEqual([]);
      await cores.state(`paused_until = now() - interval '1 second', held_at = now()`);
      expect(await cores.claim()).toEqual([]);
      await cores.state('held_at = null');
      expect(await cores.claim()).toHaveLength(1);
    },
    mutants: {
      'blind for pauses': replace('and (s.paused_until is null or s.paused_until <= now())', ''),
      'blind for holds': replace('s.held_at is null and ', ''),
    },
  },
  {
    name: 'what is done is due again after its time, and a failure is counted until it is done',
    async holds(cores) {
      await cores.first.end(await cores.claimed(), { dueMs: HOUR, error: 'no', countsAttempt: true });
      expect(await cores.row()).toMatchObject({ due: 60, attempts: 1, error: 'no', isDone: false });
      await cores.endLease();
      const again = await cores.claimed();
      expect(again.attempts).toBe(1);
      await cores.first.end(again, { dueMs: 2 * HOUR });
      expect(await cores.row()).toMatchObject({ due: 120, attempts: 0, error: null, isDone: true });
    },
    mutants: {
      'failures that nobody counts': replace('attempts + $5', 'attempts + 0 * $5'),
      'a failure that counts as done': replace(
        'done_at = case when $4::text is null then now() else done_at end',
        'done_at = now()',
      ),
    },
  },
  {
    name: 'who asks for work while it is under way has it done once more',
    async holds(cores) {
      const work = await cores.claimed();
      await cores.second.ask('poll', cores.server, cores.sql);
      expect(await cores.claim(cores.second)).toEqual([]);
      await cores.first.end(work, { dueMs: HOUR });
      await cores.first.end(await cores.claimed(cores.second), { dueMs: HOUR });
      expect(await cores.row()).toMatchObject({ due: 60 });
    },
    mutants: {
      'asked in vain': replace('asked = claim is not null', 'asked = false'),
      'asked for ever': replace('asked = false, due_at', 'due_at'),
    },
  },
  {
    name: 'work that comes more often than it did is due sooner at once, and never later',
    async holds(cores) {
      await cores.first.end(await cores.claimed(), { dueMs: 10 * HOUR });
      await cores.second.ensure([cores.work({ everyMs: 2 * HOUR })]);
      expect(await cores.row()).toMatchObject({ due: 120 });
      await cores.second.ensure([cores.work({ everyMs: 5 * HOUR })]);
      expect(await cores.row()).toMatchObject({ due: 120 });
    },
    mutants: {
      'always put off': replace('set due_at = least(w.due_at, (select', 'set due_at = greatest(w.due_at, (select'),
    },
  },
  {
    name: 'the hub itself has one row',
    async holds(cores) {
      const { first, second } = cores;
      const work: Recurring = { kind: 'retention', everyMs: HOUR, firstMs: 0 };
      await Promise.all([first.ensure([work]), second.ensure([work])]);
      const claims = await Promise.all([first.claim([work], LEASE_MS), second.claim([work], LEASE_MS)]);
      expect(claims.flat()).toMatchObject([{ kind: 'retention', server: null }]);
    },
    mutants: {},
  },
  {
    name: 'work that comes by no clock waits for somebody to ask',
    async holds(cores) {
      const work = cores.work({ kind: 'reconcile', everyMs: undefined });
      await cores.first.ensure([work]);
      expect(await cores.first.claim([work], LEASE_MS)).toEqual([]);
      await cores.first.ask('reconcile', cores.server, cores.sql);
      expect(await cores.first.claim([work], LEASE_MS)).toHaveLength(1);
    },
    mutants: {},
  },
];

describeCases('the schedules', CASES, (statements, sql) => new Cores(statements, sql).begin());
