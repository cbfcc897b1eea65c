// One way to run tests everywhere: SWC compiles with the same decorator semantics as tsc, real HTTP and real time, no mocks.
module.exports = {
  rootDir: 'src',
  testEnvironment: 'node',
  // One project is tested at a time, so its suites have the whole machine.
  maxWorkers: '100%',
  testMatch: ['**/*.spec.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          target: 'es2022',
        },
        sourceMaps: 'inline',
      },
    ],
  },
};
