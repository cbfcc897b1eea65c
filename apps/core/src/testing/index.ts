export { serverUuid } from '../config/server-uuid';
export { correlationKey } from '../forwarding/correlation-key';
export { CoreEnded, CoreProcess, freePort } from './core-process';
export { OprClient, type Answer } from './opr-client';
