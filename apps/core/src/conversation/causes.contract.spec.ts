import { randomUUID } from 'node:crypto';
import { describeCases, replace, type Case } from '../database/postgres.fixture';
import type { Sql, Statements } from '../database/statements';
import { CausesRepository } from './causes.repository';
import type { Stored } from './conversation.repository';

jest.setTimeout(60_000);

/** An event as it stands in the store, with its row at a server. */
interface Kept extends Stored {
  row: string;
  server: string;
}

class Store {
  readonly server = randomUUID();
  readonly causes: CausesRepository;

  constructor(
    readonly statements: Statements,
    readonly sql: Sql,
  ) {
    this.causes = new CausesRepository(sql as Statements);
  }

  /** Keeps an event that has a record by its own id, unless told otherwise. */
  async keep({
    id: eventId = randomUUID(),
    cause,
    source,
    server = this.server,
    state = 'forwarded',
  }: { id?: string; cause?: string; source?: string; server?: string; state?: string } = {}): Promise<Kept> {
    const [id, row] = [randomUUID(), randomUUID()];
    const event = { id: eventId, ...(cause && { cause: { targetId: cause } }) };
    await this.statements.query(`insert into event (id, source, event_id, document) values ($1, $2, $3, $4)`, [
      ...[id, source, eventId],
      JSON.stringify(event),
    ]);
    await this.statements.query(
      `insert into forwarded_event (id, event, server, state, type, ref, view) values ($1, $2, $3, $4, 'synchronize', $5, '{}')`,
      [row, id, server, state, JSON.stringify({ id })],
    );
    return { id, row, server, eventId, source, conversation: { event, parties: [] } };
  }

  /** The id of the event whose record is that of this one's cause. */
  async causeOf(symptom: Kept): Promise<string | undefined> {
    const named = symptom.conversation.event.cause?.targetId ?? '';
    return (await this.causes.recordOf(named, symptom, this.server))?.id;
  }

  async symptomsOf(...made: Kept[]): Promise<string[]> {
    const records = made.map(({ id: event, eventId, server }) => ({ event, eventId, server }));
    return (await this.causes.symptomsOf(records, this.sql)).map(({ row }) => row).sort();
  }
}

const CASES: readonly Case<Store>[] = [
  {
    name: 'a cause is an event of the same source first, and of any other else',
    async holds(store) {
      const [first, second] = [randomUUID(), randomUUID()];
      const there = await store.keep({ source: first });
      const here = await store.keep({ id: there.eventId, source: second });
      expect(await store.causeOf(await store.keep({ cause: there.eventId, source: second }))).toBe(here.id);
      expect(await store.causeOf(await store.keep({ cause: there.eventId, source: first }))).toBe(there.id);
      expect(await store.causeOf(await store.keep({ cause: there.eventId }))).toBe(there.id);
    },
    mutants: { 'the oldest, whoever sent it': replace('e.source is not distinct from $5::uuid desc', '$5::uuid') },
  },
  {
    name: 'nothing is its own cause, nor are two events the causes of each other',
    async holds(store) {
      const [a, b] = [randomUUID(), randomUUID()];
      expect(await store.causeOf(await store.keep({ id: a, cause: a }))).toBeUndefined();
      const [one] = [
        await store.keep({ id: randomUUID(), cause: b }),
        await store.keep({ id: b, cause: randomUUID() }),
      ];
      expect(await store.causeOf(one)).toBeDefined();
      const ring = await store.keep({ id: randomUUID(), cause: randomUUID() });
      await store.keep({ id: ring.conversation.event.cause?.targetId, cause: ring.eventId });
      expect(await store.causeOf(ring)).toBeUndefined();
    },
    mutants: {
      'tied to itself': (sql) =>
        sql
          .replace('e.id <> $2', '$2::uuid is not null')
          .replace('e.cause is distinct from $3', '(e.id = $2 or e.cause is distinct from $3)'),
      'tied to each other': replace('e.cause is distinct from $3', '$3::text is not null'),
    },
  },
  {
    name: 'a record that is gone, or is at another server, is none',
    async holds(store) {
      const gone = await store.keep({ state: 'cancelled' });
      const elsewhere = await store.keep({ server: randomUUID() });
      for (const cause of [gone, elsewhere])
        expect(await store.causeOf(await store.keep({ cause: cause.eventId }))).toBeUndefined();
    },
    mutants: {
      'gone all the same': replace(`f.state <> 'cancelled'`, 'true'),
      anywhere: replace('f.server = $4', '$4::uuid is not null'),
    },
  },
  {
    name: 'the symptoms of a record are those that are shared with its server, whatever their source',
    async holds(store) {
      const [cause, other, none] = [await store.keep(), await store.keep(), await store.keep()];
      const here = await store.keep({ cause: cause.eventId, source: randomUUID(), state: 'queued' });
      const second = await store.keep({ cause: other.eventId });
      await store.keep({ cause: cause.eventId, server: randomUUID() });
      await store.keep({ id: none.eventId, cause: randomUUID(), source: randomUUID() });
      expect(await store.symptomsOf(cause, other, none)).toEqual([here.row, second.row].sort());
      const self = await store.keep({ id: cause.eventId, cause: cause.eventId, source: randomUUID() });
      expect(await store.symptomsOf(self)).toEqual([here.row]);
    },
    mutants: { 'of the first record only': replace('cause = any($1)', 'cause = ($1::text[])[1]') },
  },
];

describeCases('causes', CASES, async (statements, altered) => new Store(statements, altered));
