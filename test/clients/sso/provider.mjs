// An OpenID Connect provider that we did not write (npm oidc-provider), with
// one client and its own development pages for signing in and consent. It
// prints its address and ends when its standard input is closed.
//
//   CALLBACK   where it may send browsers back to
import { createServer } from "node:http";
import Provider from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "rapport", client_secret: "a secret of the client", redirect_uris: [process.env.CALLBACK], response_types: ["code"], grant_types: ["authorization_code"] }],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["preferred_username"] },
    cookies: { keys: ["a key for signing cookies"] },
    // Whoever signs in is believed. Names that begin with "unverified-" have an address that nobody checked.
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: sub.replace(/^unverified-/, "") + "@example.com", email_verified: !sub.startsWith("unverified-"), preferred_username: sub }) }),
  });
  provider.proxy = true;
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
