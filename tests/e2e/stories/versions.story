## Versions, timestamps, time ranges and the four delete markers.
stele> create 'v', {NAME => 'f', VERSIONS => 3}
stele> put 'v', 'r', 'f:q', 'one', 1000
stele> put 'v', 'r', 'f:q', 'two', 2000
stele> put 'v', 'r', 'f:q', 'three', 3000
stele> put 'v', 'r', 'f:q', 'four', 4000
stele> get 'v', 'r', {COLUMN => 'f:q', VERSIONS => 10}
stele> get 'v', 'r', {COLUMN => 'f:q', TIMESTAMP => 2000}
stele> get 'v', 'r', {COLUMN => 'f:q', TIMERANGE => [2000, 4000], VERSIONS => 5}
stele> delete 'v', 'r', 'f:q'
stele> get 'v', 'r', {COLUMN => 'f:q', VERSIONS => 10}
stele> delete 'v', 'r', 'f:q', 2000
stele> get 'v', 'r', {COLUMN => 'f:q', VERSIONS => 10}
stele> scan 'v', {RAW => true, VERSIONS => 10}
stele> deleteall 'v', 'r', 'f:q', 3500
stele> scan 'v', {VERSIONS => 10}
stele> flush 'v'
stele> major_compact 'v'
stele> disable 'v'
stele> drop 'v'
