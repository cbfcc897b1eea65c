import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A port that stays the same while what is behind it moves. Knows bytes only. */
export class Relay {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** @param target answers where to connect to now */
  static async start(target: () => URL): Promise<Relay> {
    const server = createServer((client) => {
      const { hostname, port } = target();
      const upstream = connect(Number(port), hostname);
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        relay.sockets.add(socket);
        socket
          .on('error', () => undefined)
          .on('close', () => {
            relay.sockets.delete(socket);
            other.destroy();
          });
        socket.pipe(other);
      }
    });
    const relay = new Relay(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.server.close(), 'close');
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
