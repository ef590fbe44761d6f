// histogram_oracle.mjs - writes what hdr-histogram-js makes of known values: percentiles of which ours must be the same.
//
// Use: npm install hdr-histogram-js; node histogram_oracle.mjs > histogram_oracle.txt
import hdr from "hdr-histogram-js";

const histogram = hdr.build({ lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: 3,
                              bitBucketSize: 64 });
// x(n+1) = 48271 x(n) mod 2^31-1; a value of 1 to 2^41 by two draws: the same numbers everywhere, in whole numbers.
let x = 42;
const draw = () => (x = (48271 * x) % 2147483647);
const count = 20000;
for (let i = 0; i < count; ++i) {
  const bits = 1 + (draw() % 41);
  const value = Math.floor((draw() / 2147483647) * 2 ** bits);
  histogram.recordValue(Math.min(value, 3_600_000_000_000));
}
console.log(`count ${histogram.totalCount}`);
console.log(`max ${histogram.maxValue}`);
console.log(`mean ${histogram.mean.toFixed(3)}`);
for (const percentile of [0, 0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100])
  console.log(`${percentile} ${histogram.getValueAtPercentile(percentile)}`);
