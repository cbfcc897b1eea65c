import { join } from 'node:path';
import { checkPage, Contract } from '@opr-connect/adapter-kit/testing';
import { harnessFor } from './jira.contract';
import { FLAVOURS } from './jira.fixture';

describe.each(FLAVOURS)('the contract of adapters, kept with %s', (flavour) => {
  const contract = new Contract(harnessFor(flavour));

  it.each(contract.cases)('$id: $title', (each) => contract.check(each));

  it('stands in docs/adapters.md', () => checkPage(contract, join(__dirname, '../../../../docs/adapters.md')));
});
