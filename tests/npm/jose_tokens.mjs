// Keys and tokens made by jose, good ones and every kind of bad one: `node jose_tokens.mjs FOLDER` writes the keys into FOLDER
// and prints {"tokens": [{name, rules, token, good}]}. `rules` says what is configured besides the keys.
import {writeFileSync} from 'node:fs';
import * as jose from 'jose';

const folder = process.argv[2];
const text = (string) => new TextEncoder().encode(string);
const hour = 3600;
const now = Math.floor(Date.now() / 1000);
const claims = {sub: 'alice', exp: now + hour, channels: ['news'], publish: ['news']};

// --- Keys: one of each kind as a file, another one of each in a JWK set.

const algorithms = ['HS256', 'RS256', 'ES256', 'EdDSA'];
const files = {};  // what signs tokens for the key files
const set = {};    // ...and for the JWK set
const pem = {};
const jwks = [];
for (const alg of algorithms) {
  if (alg === 'HS256') {
    const secret = 'a secret of the key file, made by nobody';
    writeFileSync(`${folder}/HS256.key`, `${secret}\n`);
    files[alg] = text(secret);
    set[alg] = text('another secret, which is in the set!');
    jwks.push({kty: 'oct', k: jose.base64url.encode(set[alg]), kid: `set-${alg}`, alg});
    continue;
  }
  const file = await jose.generateKeyPair(alg, {extractable: true});
  files[alg] = file.privateKey;
  pem[alg] = await jose.exportSPKI(file.publicKey);
  writeFileSync(`${folder}/${alg}.key`, pem[alg]);
  const inSet = await jose.generateKeyPair(alg, {extractable: true});
  set[alg] = inSet.privateKey;
  jwks.push({...await jose.exportJWK(inSet.publicKey), kid: `set-${alg}`, use: 'sig'});
}
// Others that are passed over.
const encryption = await jose.generateKeyPair('RSA-OAEP-256');
jwks.push({...await jose.exportJWK(encryption.publicKey), use: 'enc', kid: 'enc'});
const p384 = await jose.generateKeyPair('ES384');
jwks.push({...await jose.exportJWK(p384.publicKey), kid: 'p384'});
writeFileSync(`${folder}/jwks.json`, JSON.stringify({keys: jwks}));

// --- Tokens

const tokens = [];
const add = (name, good, token, rules = {}) => tokens.push({name, good, token, rules});
const sign = (header, payload, key) =>
    new jose.SignJWT(payload).setProtectedHeader(header).sign(key);
// Any text as the payload.
const signText = (header, payload, key) =>
    new jose.CompactSign(text(payload)).setProtectedHeader(header).sign(key);

for (const alg of algorithms) {
  const good = await sign({alg}, claims, files[alg]);
  const [header, payload, signature] = good.split('.');
  const other = await sign({alg}, {...claims, sub: 'bob'}, files[alg]);
  add(`${alg}`, true, good);
  add(`${alg} by its kid`, true, await sign({alg, kid: alg, typ: 'JWT'}, claims, files[alg]));
  add(`${alg} of the set`, true, await sign({alg, kid: `set-${alg}`}, claims, set[alg]));
  add(`${alg} of the set, without kid`, true, await sign({alg}, claims, set[alg]));
  add(`${alg} by the kid of another key`, false, await sign({alg, kid: `set-${alg}`}, claims, files[alg]));
  add(`${alg} by a kid nobody has`, false, await sign({alg, kid: '../../../dev/null'}, claims, files[alg]));
  add(`${alg} with a foreign signature`, false, `${header}.${payload}.${other.split('.')[2]}`);
  add(`${alg} with other claims`, false, `${header}.${other.split('.')[1]}.${signature}`);
  add(`${alg} cut`, false, `${header}.${payload}.${signature.slice(0, -4)}`);
  add(`${alg} with nothing for a signature`, false, `${header}.${payload}.`);
  add(`${alg} with zeros for a signature`, false, `${header}.${payload}.${'A'.repeat(signature.length)}`);
  add(`${alg} of the past`, false, await sign({alg}, {...claims, exp: now - 1}, files[alg]));
  add(`${alg} with crit`, false, await sign({alg, crit: ['b64'], b64: true}, claims, files[alg]));
  if (alg === 'HS256') continue;
  const stranger = (await jose.generateKeyPair(alg, {extractable: true}));
  add(`${alg} by a stranger`, false, await sign({alg}, claims, stranger.privateKey));
  const jwk = await jose.exportJWK(stranger.publicKey);
  add(`${alg} by a key it brings along`, false, await sign({alg, jwk}, claims, stranger.privateKey));
  add(`HS256 with the public ${alg} key as its secret`, false, await sign({alg: 'HS256'}, claims, text(pem[alg])));
  add(`HS256 with that and its kid`, false, await sign({alg: 'HS256', kid: alg}, claims, text(pem[alg])));
  add(`HS256 with that, cut at its end`, false, await sign({alg: 'HS256'}, claims, text(pem[alg].trimEnd())));
}

const {HS256} = files;
const hs = (payload) => sign({alg: 'HS256'}, payload, HS256);
add('a longer HMAC of the right secret', false, await sign({alg: 'HS512'}, claims, HS256));
add('PS256 of the right key', false, await (async () => {
  const key = await jose.generateKeyPair('PS256');
  return sign({alg: 'PS256'}, claims, key.privateKey);
})());
add('ES384', false, await sign({alg: 'ES384', kid: 'p384'}, claims, p384.privateKey));
add('unsigned', false, new jose.UnsecuredJWT(claims).encode());
add('encrypted', false, await new jose.CompactEncrypt(text(JSON.stringify(claims)))
    .setProtectedHeader({alg: 'RSA-OAEP-256', enc: 'A256GCM'}).encrypt(encryption.publicKey));

const {exp, ...endless} = claims;
add('without exp', false, await hs(endless));
for (const [name, value] of [['a text', `"${exp}"`], ['a list', `[${exp}]`], ['null', 'null'],
  ['negative', '-1'], ['1e400', '1e400'], ['NaN', 'NaN']]) {
  add(`exp is ${name}`, false, await signText({alg: 'HS256'}, `{"sub":"alice","exp":${value}}`, HS256));
}
add('exp twice', false, await signText({alg: 'HS256'}, `{"exp":1,"exp":${exp}}`, HS256));
add('exp with a fraction', true, await signText({alg: 'HS256'}, `{"exp":${exp}.25}`, HS256));
add('not a JSON object', false, await signText({alg: 'HS256'}, '[]', HS256));
add('not yet', false, await hs({...claims, nbf: now + 120}));
add('begun', true, await hs({...claims, nbf: now - 1, iat: now - 1, jti: 'x'}));
add('not yet, within the leeway', true, await hs({...claims, nbf: now + 30}), {leeway: 60});
add('of the past, within the leeway', true, await hs({...claims, exp: now - 30}), {leeway: 60});
add('of the past, beyond the leeway', false, await hs({...claims, exp: now - 90}), {leeway: 60});

const audience = {audience: 'events'};
add('its audience', true, await hs({...claims, aud: 'events'}), audience);
add('its audience among others', true, await hs({...claims, aud: ['a', 'events']}), audience);
add('another audience', false, await hs({...claims, aud: ['other']}), audience);
add('no audience', false, await hs(claims), audience);
add('an object for an audience', false, await signText({alg: 'HS256'}, `{"exp":${exp},"aud":{}}`, HS256), audience);
const issuer = {issuer: 'https://login.example'};
add('its issuer', true, await hs({...claims, iss: 'https://login.example'}), issuer);
add('another issuer', false, await hs({...claims, iss: 'https://login.example.evil'}), issuer);
add('no issuer', false, await hs(claims), issuer);
const type = {type: 'at+jwt'};
for (const [typ, good] of [['at+jwt', true], ['application/AT+JWT', true], ['JWT', false], [undefined, false]]) {
  add(`typ ${typ}`, good, await sign({alg: 'HS256', ...typ && {typ}}, claims, HS256), type);
}

console.log(JSON.stringify({tokens}));
