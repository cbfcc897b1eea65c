import type { FaultMatch, RefusalFault, WireFault } from '@opr-connect/adapter-kit/testing';

/** What goes wrong with the next calls that match. */
export type Fault = FaultMatch & (WireFault | RefusalFault);
