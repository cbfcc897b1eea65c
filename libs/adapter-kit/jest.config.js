// Mutants of the contract wait most of their time, so more of them are tried at once than Jest would by itself.
module.exports = { ...require('../../jest.preset.js'), displayName: 'adapter-kit', maxConcurrency: 10 };
