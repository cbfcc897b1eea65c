const { availableParallelism } = require('node:os');

module.exports = {
  ...require('../../jest.preset.js'),
  displayName: 'core-e2e',
  globalSetup: '../global-setup.js',
  globalTeardown: '../global-teardown.js',
  testTimeout: 60_000,
  // Suites wait for leases and clocks for a third of their time.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
};
