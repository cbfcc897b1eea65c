// Builds the generator first, so that it works right after `npm ci` and is never older than its source.
const { execFileSync } = require('node:child_process');
const tsc = require.resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-b', __dirname], { stdio: 'inherit' });
module.exports = require('./dist/generators/adapter/generator').adapterGenerator;
