import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How much waits of each kind is read off an index; it takes the place of one that nothing reads any more. */
export class Operators1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create index outbox_message_backlog on outbox_message (server, kind, seq) where state = 'pending';
      drop index outbox_message_due;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create index outbox_message_due on outbox_message (server, seq) where state = 'pending';
      drop index outbox_message_backlog;
    `);
  }
}
