/** The ordered job that all queues are given: every key has jobs 1 … M, and job n + 1 must not begin before job n is done. */
export const CONCURRENCY = 16;
/** How long the call to a tool takes, in milliseconds. */
export const CALL_MS = 2;
/** Which job fails at its first attempt, in runs where some do. */
export const failsFirst = ({ key, n }) => key % 10 === 0 && n === 3;

/** For a pool that a producer enqueues with. */
export const PRODUCERS = 8;

/** A business row and whatever `enqueue` writes, in one transaction. */
export async function inTransaction(pool, { key, n }, enqueue) {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('insert into business (key, n) values ($1, $2)', [key, n]);
    await enqueue(client);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}
