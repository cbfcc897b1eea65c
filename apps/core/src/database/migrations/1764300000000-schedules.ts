import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Work by the clock: polls, reconciliations and retention; what is left of an event that was retired. */
export class Schedules1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table scheduled_work (
        id           bigint generated always as identity primary key,
        kind         text not null,
        server       uuid,                                    -- null: work of the hub itself
        due_at       timestamptz not null,                    -- while claimed: the end of the lease
        claim        uuid,                                    -- fences the writes of whoever lost the lease
        asked        boolean not null default false,          -- somebody asked for it while it was under way
        attempts     int not null default 0,                  -- failures, one after the other
        error        text,                                    -- of the last failure; null: it went well
        done_at      timestamptz,                             -- when it went well last
        cursor       jsonb,                                   -- how far it got; each kind has its own
        unique nulls not distinct (kind, server)
      );

      create table reconciliation (
        seq          bigint generated always as identity primary key,
        id           uuid not null unique,
        server       uuid not null,
        dry_run      boolean not null,
        operator     text,                                    -- null: by the clock
        state        text not null default 'waiting',         -- then 'running', then 'done'
        total        int,                                     -- rows to compare, as counted at the start
        done         int not null default 0,
        read         int not null default 0,                  -- records, those that are gone among them
        compared     uuid,                                    -- the last row that was compared
        counts       jsonb not null default '{}',             -- how many were found of each kind
        time_created timestamptz not null default now(),
        time_started timestamptz,
        time_ended   timestamptz
      );
      -- One at a time for each server.
      create unique index reconciliation_open on reconciliation (server) where state <> 'done';
      create index reconciliation_server on reconciliation (server, seq);

      create table reconciliation_finding (
        seq             bigint generated always as identity primary key,
        reconciliation  uuid not null references reconciliation (id) on delete cascade,
        forwarded_event uuid not null,
        kind            text not null,
        detail          text,
        repaired        boolean not null
      );
      create index reconciliation_finding_of on reconciliation_finding (reconciliation, seq);

      create index forwarded_event_server on forwarded_event (server, id);

      -- Since when only the ids of the event are kept.
      alter table event add column retired_at timestamptz;
      create index event_kept on event (time_received, id) where retired_at is null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index event_kept, forwarded_event_server;
      alter table event drop column retired_at;
      drop table reconciliation_finding, reconciliation, scheduled_work;
    `);
  }
}
