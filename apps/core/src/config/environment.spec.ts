import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from './environment';

const folder = mkdtempSync(join(tmpdir(), 'opr-connect-environment-'));
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(variables: Record<string, string>): string {
  try {
    readEnvironment(variables, folder);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'none';
}

describe('readEnvironment', () => {
  it('has a default for everything; a variable set to nothing is not set', () => {
    const defaults = { dataDir: join(folder, 'data'), host: '127.0.0.1', port: 8080, logLevel: 'info' };
    expect(readEnvironment({}, folder)).toMatchObject(defaults);
    const blank = {
      OPR_CONNECT_DATA_DIR: '',
      OPR_CONNECT_CONFIG: ' ',
      DATABASE_URL: '',
      OPR_CONNECT_PORT: '',
      LOG_LEVEL: '',
    };
    expect(readEnvironment(blank, folder)).toMatchObject({
      ...defaults,
      configFile: undefined,
      databaseUrl: undefined,
    });
  });

  it('takes what is set, paths from the working folder', () => {
    const variables = {
      OPR_CONNECT_DATA_DIR: 'state',
      OPR_CONNECT_CONFIG: '/etc/opr-connect/hub.yaml',
      DATABASE_URL: 'postgresql://me:pw@db/opr',
      OPR_CONNECT_HOST: '::',
      OPR_CONNECT_PORT: '0',
      LOG_LEVEL: 'DEBUG',
    };
    expect(readEnvironment(variables, folder)).toEqual({
      dataDir: join(folder, 'state'),
      configFile: '/etc/opr-connect/hub.yaml',
      databaseUrl: 'postgresql://me:pw@db/opr',
      host: '::',
      port: 0,
      logLevel: 'debug',
      variables,
    });
  });

  it('finds opr-connect.yaml in the working folder', () => {
    writeFileSync(join(folder, 'opr-connect.yaml'), '');
    expect(readEnvironment({}, folder).configFile).toBe(join(folder, 'opr-connect.yaml'));
    rmSync(join(folder, 'opr-connect.yaml'));
  });

  it.each([
    [{ OPR_CONNECT_PORT: '80a' }, 'OPR_CONNECT_PORT: must be a whole number from 0 to 65535'],
    [{ OPR_CONNECT_PORT: '-1' }, 'OPR_CONNECT_PORT: must be a whole number from 0 to 65535'],
    [{ OPR_CONNECT_PORT: '65536' }, 'OPR_CONNECT_PORT: must be a whole number from 0 to 65535'],
    [{ OPR_CONNECT_HOST: 'http://here' }, 'OPR_CONNECT_HOST: must be a host name or an IP address'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent'],
    [{ DATABASE_URL: 'mysql://me:hunter2@db/opr' }, 'DATABASE_URL: must be a URL that begins with postgresql://'],
  ])('refuses %j', (variables: Record<string, string>, problem) => {
    expect(problemsOf(variables)).toContain(problem);
    expect(problemsOf(variables)).not.toContain('hunter2');
  });

  it('tells everything at once', () => {
    expect(problemsOf({ OPR_CONNECT_PORT: 'x', LOG_LEVEL: 'x' }).match(/^ {2}- /gm)).toHaveLength(2);
  });
});
