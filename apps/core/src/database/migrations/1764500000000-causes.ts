import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which events name one as their cause. A column of its own, since an index on an expression of the document would make every
 * update of a document one of all indexes of the row (no heap-only tuple).
 */
export class Causes1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table event add column cause text generated always as (document->'cause'->>'targetId') stored;
      create index event_cause on event (cause) where cause is not null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index event_cause;
      alter table event drop column cause;
    `);
  }
}
