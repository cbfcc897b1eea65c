export { CoreEnded, CoreProcess, freePort } from './core-process';
export { OprClient, type Answer } from './opr-client';
