import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What all cores must know of a server, the reasons of failures, and the order in which messages are taken. */
export class Delivery1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table server_state (
        server       uuid primary key,
        failures     int not null default 0,                  -- of the server itself, one after the other; > 0: one call tries it out
        paused_until timestamptz,
        resumed_at   timestamptz,                             -- since when it works again: calls become more little by little
        alarm        boolean not null default false,          -- a person must change something
        reason       text,
        held_at      timestamptz,                             -- a person paused it
        held_by      text,
        held_reason  text,
        budget       double precision,                        -- calls left of its rate, as of budget_at
        budget_at    timestamptz,
        inbox_claim  uuid,                                    -- the core that translates its hooks, until inbox_until
        inbox_until  timestamptz
      );

      alter table outbox_message
        add column priority smallint not null default 3,
        add column reasons jsonb not null default '[]',       -- of the last failures: [{ at, attempt, reason }]
        add column time_died timestamptz;

      create index outbox_message_claim on outbox_message (server, priority, due_at)
        where state = 'pending' and kind <> 'hook';
      create index outbox_message_hooks on outbox_message (server, seq) where state = 'pending' and kind = 'hook';
      create index outbox_message_under_way on outbox_message (server) where claim is not null;
      create index outbox_message_dead on outbox_message (server, seq) where state = 'dead';

      create table operator_action (
        seq          bigint generated always as identity primary key,
        at           timestamptz not null default now(),
        operator     text not null,
        action       text not null,
        subject      text not null,
        reason       text
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table operator_action, server_state;
      drop index outbox_message_claim, outbox_message_hooks, outbox_message_under_way, outbox_message_dead;
      alter table outbox_message drop column priority, drop column reasons, drop column time_died;
    `);
  }
}
