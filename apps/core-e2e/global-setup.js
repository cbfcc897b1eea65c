// One real PostgreSQL for all suites; each test takes a database of its own. Not durable, for nothing here outlives the run.
const { startEmbeddedPostgres } = require('@opr-connect/core');
const { chmod, mkdtemp } = require('node:fs/promises');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

module.exports = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'opr-connect-e2e-'));
  await chmod(folder, 0o711);
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    settings: { fsync: 'off', synchronous_commit: 'off', max_connections: '300' },
  });
  process.env.E2E_DATABASE_URL = postgres.url;
  globalThis.e2ePostgres = { postgres, folder };
};
