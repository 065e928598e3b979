## What scripts for HBase's shell use of Ruby, as Ruby has it, and of Java's dates.
stele> ('a'..'e').map { |letter| letter }
=> ["a", "b", "c", "d", "e"]
stele> ('aa'..'ac').each { |key| print key, ' ' }
aa ab ac => "aa".."ac"
stele> create 'sp', 'f', SPLITS => (1...4).step(1).map { |i| "%02d" % (i * 25) }
Created table sp
Took N seconds
=> Hbase::Table - sp
stele> get_splits 'sp'
Total number of splits = 4
25
50
75
Took N seconds
=> ["25", "50", "75"]
stele> 'a'.upto('c') { |key| put 'sp', key.rjust(3, '0'), "f:#{key}", key.ord }; count 'sp'
Took N seconds
Took N seconds
Took N seconds
3 row(s)
Took N seconds
=> 3
stele> [(0...256).step(64).to_a, ('00'..'99').step(33).to_a, (1..2).step(0.5).to_a, (1...10) % 4 == nil]
=> [[0, 64, 128, 192], ["00", "33", "66", "99"], [1.0, 1.5, 2.0], false]
stele> [(1..4).sum, [1, 2].sum { |x| x * 2 }, ['a', 'b'].sum(''), {a: 1, b: 2}.sum { |k, v| v }, 5.odd?, 4.even?, 10.gcd(4), 7.fdiv(2), 123.digits, 255.bit_length]
=> [10, 6, "ab", 3, true, true, 2, 3.5, [3, 2, 1], 8]
stele> [catch(:done) { 10.times { |i| throw :done, i if i == 3 }; :never }, catch(:a) { catch(:b) { throw :a, 1 }; 2 }, rand(4..4), rand(5...6)]
=> [3, 1, 4, 5]
stele> throw :nobody
ERROR: UncaughtThrowError: uncaught throw :nobody
stele> 'abc' =~ /(b)(c)/; [$1, $2, $3, $~.pre_match, $~.post_match]
=> ["b", "c", nil, "a", ""]
stele> ['abc'.match(/b(?<x>c)/)[:x], 'abc'.match(/x/), 'abc'[/b./], 'abc'[/(b)(c)/, 2], 'abcabc'.index(/a/, 1), 'abc'.start_with?(/ab/), 'foo.bar' !~ /\./]
=> ["c", nil, "bc", "c", 3, true, false]
stele> 'abc'.match(/b(?<x>c)(d)?/)
=> #<MatchData "bc" x:"c" 2:nil>
stele> /(?<y>\d+)-(?<m>\d+)/.match('2020-11').named_captures
=> {"y"=>"2020", "m"=>"11"}
stele> ['abcabc'.gsub(/(a)(b)/, '\2-\1'), 'abcabc'.gsub(/[ab]/) { |m| m.upcase }, 'abc'.gsub(/x*/, '-'), 'hello'.gsub(/l*/, '-'), 'abc'.gsub(/[abc]/, 'a' => '1'), 'a.c'.sub('.', '+'), 'user1'.sub(/\d+/) { |d| d.to_i + 1 }]
=> ["b-acb-ac", "ABcABc", "-a-b-c-", "-h-e--o-", "1", "a+c", "user2"]
stele> ['a1b22'.scan(/\d+/), 'a1b22'.scan(/([a-z])(\d+)/), 'a b  c'.split(/\s+/), 'a,b,,'.split(/,/), 'a,b,,'.split(/,/, -1), 'abc'.split(//), 'a-b-c'.split(/(-)/), 'a,b,c'.split(/,/, 2)]
=> [["1", "22"], [["a", "1"], ["b", "22"]], ["a", "b", "c"], ["a", "b"], ["a", "b", "", ""], ["a", "b", "c"], ["a", "-", "b", "-", "c"], ["a", "b,c"]]
stele> case 'row-12' when /-(\d+)/ then $1 end
=> "12"
stele> ['caf\u00e9' =~ /.$/, "é" =~ /^.$/, /\h+/.match('xyz12ff')[0], /A/i =~ 'bca', /a.b/m =~ "a\nb", /a(?=b)/ =~ 'aab', Regexp.escape('a.b c'), Regexp.union('a.b', 'c').source]
=> [8, 0, "12ff", 2, 0, 1, "a\\.b\\ c", "a\\.b|c"]
stele> 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' =~ /(a+)+$/
ERROR: RuntimeError: (a+)+$: match limit exceeded
stele> [Time.at(1700000000, 123456).utc.strftime('%Y-%m-%dT%H:%M:%S.%L %6N %%L %a %j %s'), Time.at(1700000000).utc.iso8601, Time.parse('2020-01-01T10:20:30+02:00').to_i, Time.parse('2020-01-01').to_i, Time.strptime('03/04/2021 05:06', '%d/%m/%Y %H:%M').to_i]
=> ["2023-11-14T22:13:20.123 123456 %L Tue 318 1700000000", "2023-11-14T22:13:20Z", 1577866830, 1577836800, 1617426360]
stele> Time.at(0).utc.strftime('%Y' * 300).size
=> 1200
stele> Time.parse('yesterday')
ERROR: ArgumentError: no time information in "yesterday"
stele> require 'date'; [(Date.new(2020, 1, 31) >> 1).to_s, (Date.parse('2020-03-01') - 1).strftime('%Y%m%d'), (Date.new(2020, 3, 1) - Date.new(2020, 2, 1)).to_i, (Date.new(2020,1,30)..Date.new(2020,2,1)).map(&:to_s)]
=> ["2020-02-29", "20200229", 29, ["2020-01-30", "2020-01-31", "2020-02-01"]]
stele> Date.new(2020, 2, 30)
ERROR: ArgumentError: invalid date
stele> require 'digest/md5'; Digest::MD5.hexdigest('row1')[0, 4]
=> "e674"
stele> require 'json'
ERROR: LoadError: cannot load such file -- json (of Ruby's libraries this shell has date, digest, digest/md5, java, pp, rubygems, securerandom, shell, time)
stele> [ENV['NOPE_X'], ENV.key?('PATH'), ARGV, $0, `echo hi`.chomp, system('exit 3'), system('test', "it's", '=', "it's")]
=> [nil, true, [], "shell", "hi", false, true]
stele> File.write('/tmp/stele-story.txt', "put 'sp', 'loaded', 'f:a', 1\ndef helper(x) x + 1 end\nWHERE = __FILE__\n"); load '/tmp/stele-story.txt'; [helper(1), WHERE]
Took N seconds
=> [2, "/tmp/stele-story.txt"]
stele> File.open('/tmp/stele-story.txt', 'a') { |f| f.puts 'x' }; File.readlines('/tmp/stele-story.txt').map(&:chomp).last
=> "x"
stele> File.delete('/tmp/stele-story.txt'); load '/tmp/stele-story.txt'
ERROR: LoadError: cannot load such file -- /tmp/stele-story.txt
stele> begin; Integer('x'); rescue ArgumentError => e; "#{e.class}: #{e.message}"; ensure $stdout.puts 'in its place'; end
in its place
=> "ArgumentError: invalid string for number(\"x\")"
stele> import java.text.SimpleDateFormat; import java.text.ParsePosition
=> Shell::ParsePosition
stele> SimpleDateFormat.new('yy/MM/dd HH:mm:ss').parse('08/08/16 20:56:29', ParsePosition.new(0)).getTime
=> 1218920189000
stele> java.util.Date.new(1218920189000).toString
=> "Sat Aug 16 20:56:29 UTC 2008"
stele> [SimpleDateFormat.new("yyyy-MM-dd'T'HH:mm:ss.SSS").format(java.util.Date.new(1218920189012)), SimpleDateFormat.new('yyyy').parse('x', ParsePosition.new(0)), java.lang.System.currentTimeMillis > 1, java.lang.Long::MAX_VALUE]
=> ["2008-08-16T20:56:29.012", nil, true, 9223372036854775807]
stele> SimpleDateFormat.new('yyyy-MM-dd').parse('16.08.2008')
ERROR: ArgumentError: Unparseable date: "16.08.2008"
stele> conf.echo = false
stele> 1 + 1
stele> conf.echo = true
=> true
stele> disable 'sp'; drop 'sp'
Took N seconds
Took N seconds
