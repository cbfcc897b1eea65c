// A vocabulary that uses an app: the one arrow that must never exist.
import { startHub } from '@opr-connect/core';

export const forbidden = startHub;
