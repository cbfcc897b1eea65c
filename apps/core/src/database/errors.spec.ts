import { QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { isDatabaseUnavailable } from './errors';

describe('a database that is unavailable', () => {
  it.each([
    ['a connection lost between two statements of a transaction', new QueryRunnerProviderAlreadyReleasedError(), true],
    ['one that pg has given up', new Error('Client has encountered a connection error and is not queryable'), true],
    ['a server that is stopping', Object.assign(new Error('terminating connection'), { code: '57P01' }), true],
    ['one that answers nothing', new Error('Query read timeout'), true],
    ['a copy that takes no writes', Object.assign(new Error('read-only transaction'), { code: '25006' }), true],
    ['a value that it refuses', Object.assign(new Error('invalid byte sequence'), { code: '22021' }), false],
  ])('%s', (_what, error, unavailable) => {
    expect(isDatabaseUnavailable(error)).toBe(unavailable);
  });
});
