import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';

/** What cannot be seen from outside the hub: what it still has to do. */
export class Outbox {
  private constructor(private readonly pool: Pool) {}

  static async open(database: string): Promise<Outbox> {
    const pool = new Pool({ connectionString: database, max: 1 });
    // PostgreSQL may be restarted between two looks.
    pool.on('error', () => undefined);
    return new Outbox(pool);
  }

  /** The kinds of the messages that are due or will be. */
  async pending(): Promise<string[]> {
    return this.texts(`select kind as text from outbox_message where state = 'pending' order by seq`);
  }

  /** Messages that nobody will carry any more, with the reason. */
  async dead(): Promise<string[]> {
    return this.texts(
      `select concat_ws(' ', state, kind, error) as text from outbox_message where state <> 'pending' order by seq`,
    );
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async texts(sql: string): Promise<string[]> {
    const { rows } = await this.pool.query<{ text: string }>(sql);
    return rows.map(({ text }) => text);
  }
}

/** A database of its own in this cluster. Answers its URL. */
export async function newDatabase(cluster: string): Promise<string> {
  const url = new URL(cluster);
  const name = `torture_${randomUUID().replaceAll('-', '')}`;
  const pool = new Pool({ connectionString: url.href, max: 1 });
  await pool.query(`create database ${name}`);
  await pool.end();
  url.pathname = `/${name}`;
  return url.href;
}
