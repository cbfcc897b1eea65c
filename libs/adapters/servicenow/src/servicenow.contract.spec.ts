import { join } from 'node:path';
import { checkPage, Contract, LIMIT_MS } from '@opr-connect/adapter-kit/testing';
import { harness } from './servicenow.contract';

const PAGE = join(__dirname, '../../../../docs/adapters.md');

describe('the contract of adapters', () => {
  const contract = new Contract(harness);

  it.each(contract.cases)('$id: $title', (each) => contract.check(each), LIMIT_MS);

  it('stands in docs/adapters.md', () => checkPage(contract, PAGE), LIMIT_MS);
});
