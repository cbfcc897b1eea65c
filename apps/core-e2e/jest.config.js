module.exports = { ...require('../../jest.preset.js'), displayName: 'core-e2e' };
