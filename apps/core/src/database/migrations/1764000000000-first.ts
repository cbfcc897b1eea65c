import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events, the forwarded-event registry, the outbox, and the history. */
export class First1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table event (
        id           uuid primary key,
        source       uuid,                                    -- connected server that it came from; null: the hub itself
        event_id     text not null,                           -- as its source calls it
        document     jsonb not null,                          -- OprEvent
        time_received timestamptz not null default now(),
        time_changed timestamptz not null default now(),
        unique nulls not distinct (source, event_id)
      );
      create index event_event_id on event (event_id);

      create table forwarded_event (
        id           uuid primary key,
        event        uuid not null references event (id),
        server       uuid not null,
        state        text not null,
        type         text not null,
        rule         text,
        ref          jsonb,                                   -- ExternalRef
        view         jsonb not null,                          -- what the conversation knows of this party
        time_created timestamptz not null default now(),
        unique (event, server)
      );

      -- Every id that a server uses for an event or was given for it. Never deleted: an id once given out stays valid.
      create table external_id (
        server          uuid not null,
        id              text not null,
        forwarded_event uuid not null references forwarded_event (id),
        primary key (server, id)
      );
      create index external_id_id on external_id (id);

      -- Changes and annotations that must not count twice.
      create table seen_id (
        forwarded_event uuid not null references forwarded_event (id),
        id              text not null,
        primary key (forwarded_event, id)
      );

      create table outbox_message (
        seq             bigint generated always as identity primary key,
        id              uuid not null unique,
        server          uuid not null,
        forwarded_event uuid references forwarded_event (id), -- null: a hook that was not yet translated
        kind            text not null,
        payload         jsonb,
        state           text not null default 'pending',      -- or 'dead'
        attempts        int not null default 0,
        due_at          timestamptz not null default now(),   -- while claimed: the end of the lease
        claim           uuid,                                 -- fences the writes of whoever lost the lease
        error           text,
        time_created    timestamptz not null default now()
      );
      create index outbox_message_due on outbox_message (server, seq) where state = 'pending';
      create index outbox_message_order on outbox_message (forwarded_event, seq);

      create table event_history (
        seq             bigint generated always as identity primary key,
        event           uuid not null references event (id),
        forwarded_event uuid,
        at              timestamptz not null,
        what            text not null,
        detail          text
      );
      create index event_history_event on event_history (event, seq);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table event_history, outbox_message, seen_id, external_id, forwarded_event, event');
  }
}
