const { rm } = require('node:fs/promises');

module.exports = async () => {
  const { postgres, folder } = globalThis.e2ePostgres;
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
};
