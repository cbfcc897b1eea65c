import { join } from 'node:path';
import { checkPage, Contract } from '@opr-connect/adapter-kit/testing';
import { harness } from './servicenow.contract';

describe('the contract of adapters', () => {
  const contract = new Contract(harness);

  it.each(contract.cases)('$id: $title', (each) => contract.check(each));

  it('stands in docs/adapters.md', () => checkPage(contract, join(__dirname, '../../../../docs/adapters.md')));
});
