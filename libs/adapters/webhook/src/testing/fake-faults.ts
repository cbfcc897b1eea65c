import type { FaultMatch, RefusalFault, WireFault } from '@opr-connect/adapter-kit/testing';

/** What goes wrong with the next deliveries. Everything may come as JSON to `POST /_fake/faults`. */
export type Fault = FaultMatch & (WireFault | RefusalFault);
