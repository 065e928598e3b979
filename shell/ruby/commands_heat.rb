# heat: what tables are asked for, and where. Stele only: HBase measures nothing like it.
module Shell
  class Commands
    HEAT_METRICS = %w[ops reads gets scans writes bytes bytes_in bytes_out cpu]
    HEAT_ROWS_ASKED = 256 # counts that may be nothing but error are not shown, and come among the others
    HEAT_UNITS = { 'bytes' => ' B/s', 'bytes_in' => ' B/s', 'bytes_out' => ' B/s', 'cpu' => ' ns/s' }

    # hot_tablets ['t'][, METRIC => 'writes', LIMIT => 10]
    def hot_tablets(table = nil, options = {})
      table, options = nil, table if table.is_a?(Hash)
      heat_options(options, %w[METRIC LIMIT])
      name, metric, limit = heat_known_table(table), heat_metric(options), heat_number(options, 'LIMIT', 10)
      active, tablets = heat_ask { Native.hot_tablets(name, metric, limit) }
      heat_lines(%w[TABLET SERVER KEYS GETS/s SCANNED/s WRITES/s KB/s SHARE HOTTEST],
                 tablets.map { |tablet| heat_tablet_row(tablet) })
      Native.say("#{active} tablet(s) had calls in the last minutes\n")
      nil
    end

    def heat_tablet_row(tablet)
      ["#{Shell.binary(tablet[:table])} #{tablet[:encoded]}", tablet[:server].to_s, heat_range(tablet[:start], tablet[:end]),
       heat_rate(tablet[:gets]), heat_rate(tablet[:scanned]), heat_rate(tablet[:writes]), heat_rate(tablet[:bytes] / 1024),
       heat_share(tablet[:share]),
       "#{heat_share(tablet[:hottest_share])} in #{heat_range(tablet[:hottest_start], tablet[:hottest_end])}"]
    end

    # hot_rows ['t'][, LIMIT => 10]
    def hot_rows(table = nil, options = {})
      table, options = nil, table if table.is_a?(Hash)
      heat_options(options, %w[LIMIT])
      limit = heat_number(options, 'LIMIT', 10)
      name = heat_known_table(table)
      all = heat_ask { Native.hot_rows(name, [limit, HEAT_ROWS_ASKED].max) }
      rows = all.select { |row| (row[:count] - row[:error]).round > 0 }.first(limit)
      heat_lines(%w[ROW KIND COUNT SECONDS PER_SECOND SHARE TABLET],
                 rows.map { |row| heat_row_row(row) })
      Native.say("no row stands out: the busiest are not told apart from the many\n") if rows.empty? && !all.empty?
      Native.footer(rows.size)
      nil
    end

    # The true count lies between the two numbers.
    def heat_row_row(row)
      most = row[:count].round
      least = (row[:count] - row[:error]).round
      [Shell.binary(row[:row]), row[:write] ? 'write' : 'read', least == most ? most.to_s : "#{least}..#{most}",
       row[:window].round.to_s, heat_rate(row[:count] / row[:window]), heat_share(row[:share]),
       "#{Shell.binary(row[:table])} #{row[:encoded]}"]
    end

    # heatmap 't'[, METRIC => 'writes', MINUTES => 60, STARTROW => 'a', STOPROW => 'b', ROWS => 32, COLUMNS => 60]
    def heatmap(table, options = {})
      heat_options(options, %w[METRIC MINUTES STARTROW STOPROW ROWS COLUMNS])
      metric = heat_metric(options)
      minutes = heat_number(options, 'MINUTES', 60)
      to = (Native.wall_ms / 60_000 + 1) * 60 # the minute that runs is there too
      columns = heat_number(options, 'COLUMNS', [minutes, 60].min)
      name, rows = heat_known_table(table), heat_number(options, 'ROWS', 32)
      heat_ask do
        Native.heat_map(name, metric, to - minutes * 60, to, options['STARTROW'].to_s,
                        options['STOPROW'].to_s, rows, columns, HEAT_UNITS[metric] || '/s')
      end
      nil
    end

    # What SteleService refuses, it refuses in words for people.
    def heat_ask
      yield
    rescue Native::Error => error
      raise error unless error.kind == 'DoNotRetryIOException'
      raise Failure, error.message
    end

    def heat_known_table(table)
      name = heat_table(table)
      raise Failure, "Unknown table #{name}!" unless name.empty? || Native.table_exists?(name)
      name
    end

    def heat_table(table)
      table.nil? ? '' : table_name(table)
    end

    def heat_options(options, known)
      raise ArgumentError, "#{options.inspect} must be options, as in METRIC => 'writes'" unless options.is_a?(Hash)
      options.each_key do |key|
        raise ArgumentError, "there is no option #{key}: #{known.join(', ')}" unless known.include?(key.to_s)
      end
    end

    def heat_metric(options)
      metric = (options['METRIC'] || 'ops').to_s
      return metric if HEAT_METRICS.include?(metric)
      raise ArgumentError, "there is no metric #{metric}: #{HEAT_METRICS.join(', ')}"
    end

    def heat_number(options, key, otherwise)
      number = options[key] || otherwise
      return number if number.is_a?(Integer) && number > 0 && number <= 1_000_000
      raise ArgumentError, "#{key} must be a number from 1 to 1000000"
    end

    def heat_range(from, to)
      "[#{Shell.binary(from)}, #{Shell.binary(to)})"
    end

    def heat_rate(rate)
      return '0' if rate == 0
      rate >= 10 ? rate.round.to_s : format('%.1f', rate)
    end

    def heat_share(share)
      "#{(share * 100).round} %"
    end

    def heat_lines(names, rows)
      widths = names.each_with_index.map { |name, i| rows.map { |row| row[i].size }.push(name.size).max }
      [names].concat(rows).each do |row|
        Native.say(row.each_with_index.map { |text, i| text.ljust(widths[i]) }.join('  ').rstrip + "\n")
      end
    end
  end

  declare 'heat', :hot_tablets, "The tablets that take most now (mean of the last one to two minutes), and their hottest keys:\n" \
    "  hot_tablets; hot_tablets 't'; hot_tablets 't', METRIC => 'writes', LIMIT => 10\n" \
    "  METRIC: ops (gets, scanned rows, writes), reads, gets, scans, writes, bytes, bytes_in, bytes_out, cpu"
  declare 'heat', :hot_rows, "The rows that take most, with the bounds of their counts in the last one to two minutes:\n" \
    "  hot_rows; hot_rows 't'; hot_rows 't', LIMIT => 10"
  declare 'heat', :heatmap, "Draws a table's keys over time, brighter where more was asked for; ^ marks splits, v merges, > moves:\n" \
    "  heatmap 't'; heatmap 't', METRIC => 'writes', MINUTES => 180, STARTROW => 'a', STOPROW => 'b', ROWS => 32, COLUMNS => 60"
end
