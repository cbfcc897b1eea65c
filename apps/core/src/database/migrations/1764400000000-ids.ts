import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One index answers both who is called so at a server, and who is called so anywhere. */
export class Ids1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table external_id drop constraint external_id_pkey, add primary key (id, server) include (forwarded_event);
      drop index external_id_id;
      alter table event drop constraint event_source_event_id_key, add unique nulls not distinct (event_id, source);
      drop index event_event_id;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create index event_event_id on event (event_id);
      alter table event drop constraint event_event_id_source_key, add unique nulls not distinct (source, event_id);
      create index external_id_id on external_id (id);
      alter table external_id drop constraint external_id_pkey, add primary key (server, id);
    `);
  }
}
