import { join } from 'node:path';
import { checkPage, Contract, LIMIT_MS } from '@opr-connect/adapter-kit/testing';
import { harnessFor } from './jira.contract';
import { FLAVOURS } from './jira.fixture';

const PAGE = join(__dirname, '../../../../docs/adapters.md');

describe.each(FLAVOURS)('the contract of adapters, kept with %s', (flavour) => {
  const contract = new Contract(harnessFor(flavour));

  it.each(contract.cases)('$id: $title', (each) => contract.check(each), LIMIT_MS);

  it('stands in docs/adapters.md', () => checkPage(contract, PAGE), LIMIT_MS);
});
