import { IsInt, IsNotEmpty, IsString, Max, Min } from 'class-validator';
import { Optional } from './fields';
import { FitsCertificate, GivenWith, IsCertificates, IsProxyUrl } from './http.rules';
import { FromFile, Secret } from './settings';

const text = { message: '$property must be a text' };
const notEmpty = { message: '$property must not be empty' };

/**
 * How a tool is reached, for the settings of an adapter to extend. The certificate of a tool is always verified, and redirects are
 * not followed; there is no setting for either.
 */
export abstract class HttpSettings {
  /** How long one call may take, in milliseconds. */
  @IsInt()
  @Min(100)
  @Max(300_000)
  timeoutMs = 30_000;

  /** Longest answer that is taken, in bytes. */
  @IsInt()
  @Min(1_024)
  @Max(100 * 1024 * 1024)
  maxAnswerBytes = 10 * 1024 * 1024;

  /** Certificates, as PEM, of the authorities that vouch for the tool (and for a proxy that is spoken to by https). With it no others are believed. */
  @Optional()
  @FromFile()
  @IsCertificates()
  ca?: string;

  /** The certificate, as PEM with its chain, that we show to the tool. */
  @Optional()
  @FromFile()
  @IsCertificates()
  @GivenWith('clientKey')
  clientCertificate?: string;

  /** Its private key, as PEM. */
  @Optional()
  @Secret()
  @GivenWith('clientCertificate')
  @FitsCertificate()
  clientKey?: string;

  /** What the private key is encrypted with. */
  @Optional()
  @Secret()
  @IsString(text)
  @GivenWith('clientKey')
  clientKeyPassphrase?: string;

  /** Every call goes through this proxy, which must allow `CONNECT` to the tool: `http://proxy.example.com:3128`, or https. */
  @Optional()
  @IsProxyUrl()
  proxy?: string;

  /** Login at the proxy (Basic). */
  @Optional()
  @IsString(text)
  @IsNotEmpty(notEmpty)
  @GivenWith('proxy')
  proxyUser?: string;

  /** Its password. */
  @Optional()
  @Secret()
  @IsString(text)
  @GivenWith('proxyUser')
  proxyPassword?: string;
}
