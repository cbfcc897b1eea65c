import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Bytes on a connection of their own, for requests that no HTTP client would make. Answers the status and the body, or
 * nothing where the connection ended without an answer.
 */
export async function rawRequest(
  url: string,
  head: readonly string[],
  body: string | Buffer = '',
): Promise<{ status: number; body: string } | undefined> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  await once(socket, 'connect');
  socket.write([...head, 'Host: hub', 'Connection: close', '', ''].join('\r\n'));
  socket.write(body);
  await once(socket, 'close');
  const [answer = '', ...rest] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? [];
  return status ? { status: Number(status), body: rest.join('\r\n\r\n') } : undefined;
}

/** A request that is cut off: less is sent than was announced, then the connection is gone. */
export async function cutOffRequest(url: string, head: readonly string[], body: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write([...head, 'Host: hub', `Content-Length: ${Buffer.byteLength(body) + 100}`, '', body].join('\r\n'));
  await new Promise<void>((resolve) => socket.end(resolve));
  socket.destroy();
}

export const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
