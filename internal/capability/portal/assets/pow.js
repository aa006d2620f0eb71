/* Rapport: looks for the number of a proof of work, in a worker. The digest is
   worked out here, as the browser's own is missing on pages without TLS. */
"use strict";
var K = [], H = [];
(function () {
  // Constants of SHA-256: fractions of roots of the first primes.
  var n = 2, frac = function (x) { return ((x - Math.floor(x)) * 4294967296) | 0; };
  while (K.length < 64) {
    var prime = true;
    for (var i = 2; i * i <= n; i++) if (n % i === 0) prime = false;
    if (prime) {
      if (H.length < 8) H.push(frac(Math.sqrt(n)));
      K.push(frac(Math.cbrt(n)));
    }
    n++;
  }
})();
var W = new Int32Array(64);
function block(state, words, from) {
  var i, a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (i = 0; i < 64; i++) {
    if (i < 16) W[i] = words[from + i];
    else {
      var x = W[i - 15], y = W[i - 2];
      W[i] = (W[i - 16] + W[i - 7] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) | 0;
    }
    var t = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    var u = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
  }
  state[0] = (state[0] + a) | 0; state[1] = (state[1] + b) | 0; state[2] = (state[2] + c) | 0; state[3] = (state[3] + d) | 0;
  state[4] = (state[4] + e) | 0; state[5] = (state[5] + f) | 0; state[6] = (state[6] + g) | 0; state[7] = (state[7] + h) | 0;
}
function sha256(text) { // of plain ASCII
  var n = text.length, blocks = ((n + 8) >> 6) + 1, words = new Int32Array(blocks * 16), state = H.slice(), i;
  for (i = 0; i < n; i++) words[i >> 2] |= text.charCodeAt(i) << (24 - (i & 3) * 8);
  words[n >> 2] |= 0x80 << (24 - (n & 3) * 8);
  words[blocks * 16 - 1] = n * 8;
  for (i = 0; i < blocks; i++) block(state, words, i * 16);
  return state;
}
onmessage = function (e) {
  var c = e.data, want = [];
  for (var i = 0; i < 8; i++) want.push(parseInt(c.challenge.slice(i * 8, i * 8 + 8), 16) | 0);
  for (var n = 0; n <= c.maxnumber; n++) {
    var got = sha256(c.salt + n);
    if (got[0] === want[0] && got[7] === want[7] && got.every(function (x, k) { return x === want[k]; })) return postMessage(n);
  }
  postMessage(null);
};
