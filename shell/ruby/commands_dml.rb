# dml: rows. Results are read and printed by the C side as they come (Native.get, Native.scan).
module Shell
  class Commands
    def put(table, row, column, value, timestamp = nil, options = {})
      name = table_name(table)
      if timestamp.is_a?(Hash)
        options = timestamp
        timestamp = options['TIMESTAMP']
      end
      family, qualifier = Values.column(column)
      timestamp = Values.integer(timestamp, 'Timestamp') unless timestamp.nil?
      Native.put(name, row.to_s, family, qualifier || '', value.to_s, timestamp, beside(options))
      nil
    end

    # What a mutation tells beside its cells.
    def beside(options)
      ttl = options['TTL'] && Values.integer(options['TTL'], 'TTL')
      pairs = attributes(options)
      pairs << ['_ttl', "\0" * 8] if ttl == 0 # which libstele takes for none
      { ttl: ttl, attributes: pairs }
    end

    # ATTRIBUTES; and VISIBILITY and AUTHORIZATIONS, which travel as attributes.
    def attributes(options)
      given = options.delete('ATTRIBUTES') || {}
      raise ArgumentError, 'Attributes must be a Hash type' unless given.is_a?(Hash)
      pairs = given.map { |key, value| [key.to_s, value.to_s] }
      visibility = options.delete('VISIBILITY')
      pairs << ['VISIBILITY', Native.labels([visibility.to_s])] if visibility
      labels = options.delete('AUTHORIZATIONS')
      pairs << ['VISIBILITY', Native.labels([labels].flatten.map { |label| label.to_s })] if labels
      pairs
    end

    def get(table, row, *args)
      name = table_name(table)
      Native.header(%w[COLUMN CELL])
      options = merge(args)
      raise ArgumentError, "Failed parse column argument type #{options.inspect}, Hash" unless columns_fit?(options)
      spec = read_spec(options)
      spec[:row] = row.to_s
      spec[:meta] = name == 'hbase:meta'
      found = Native.get(name, spec)
      Native.footer(found)
      nil
    end

    # 'f:q', ['f:q', 'g'], {COLUMN => ..}: into one hash.
    def merge(args)
      options = {}
      columns = []
      flatten(args).each do |given|
        case given
        when Hash then given.each { |key, value| options[key] = value }
        when String then columns << given
        when nil then next
        else raise ArgumentError, "Failed parse of #{given.inspect}, #{given.class}"
        end
      end
      options['COLUMN'] = columns unless columns.empty?
      options
    end

    def columns_fit?(options)
      %w[COLUMN COLUMNS].all? do |key|
        columns = options[key]
        columns.nil? || columns.is_a?(String) || columns.is_a?(Array)
      end
    end

    # What get and scan share, for Native.
    def read_spec(options)
      options = options.dup
      spec = {}
      columns = Values.take(options, 'COLUMNS', 'COLUMN')
      spec[:columns] = columns.nil? ? [] : [columns].flatten.map { |column| Values.column_with_converter(column) }
      if (range = options.delete('TIMERANGE'))
        raise ArgumentError, 'TIMERANGE should be an array of two numbers' unless range.is_a?(Array) && range.size == 2
        spec[:time_range] = range.map { |time| Values.integer(time, 'TIMERANGE') }
      end
      if (time = options.delete('TIMESTAMP'))
        at = Values.integer(time, 'TIMESTAMP')
        spec[:time_range] = [at, at + 1]
      end
      if (versions = options.delete('VERSIONS'))
        spec[:versions] = Values.integer(versions, 'VERSIONS')
      end
      spec[:filter] = options.delete('FILTER')
      spec[:filter] = spec[:filter].filter_text if spec[:filter].is_a?(Filter)
      raise ArgumentError, 'FILTER should be a filter or its text' unless spec[:filter].nil? || spec[:filter].is_a?(String)
      spec[:max_length] = Values.integer(options.delete('MAXLENGTH') || -1, 'MAXLENGTH')
      spec[:formatter] = options.delete('FORMATTER')
      if spec[:formatter] && !Values::CONVERTERS.include?(spec[:formatter])
        raise ArgumentError, "FORMATTER should be one of #{Values::CONVERTERS.join(', ')}"
      end
      options.delete('FORMATTER_CLASS')
      spec[:cache_blocks] = Values.boolean(options.delete('CACHE_BLOCKS')) if options.key?('CACHE_BLOCKS')
      consistency = choice(options, 'CONSISTENCY', %w[STRONG TIMELINE])
      spec[:timeline] = consistency == 'TIMELINE'
      if Values.integer(options.delete('REGION_REPLICA_ID') || 0, 'REGION_REPLICA_ID') != 0
        raise ArgumentError, 'REGION_REPLICA_ID: this shell reads the primary region (0) only'
      end
      spec[:attributes] = attributes(options)
      spec[:rest] = options
      spec
    end

    def choice(options, key, possible)
      return nil unless options.key?(key)
      given = options.delete(key).to_s.upcase
      raise ArgumentError, "#{key} should be one of #{possible.join(', ')}" unless possible.include?(given)
      given
    end

    def scan(table, options = {})
      name = table_name(table)
      raise ArgumentError, 'Arguments should be a Hash' unless options.is_a?(Hash)
      Native.header(['ROW', 'COLUMN+CELL'])
      spec = scan_spec(options)
      spec[:meta] = name == 'hbase:meta'
      found = Native.scan(name, spec)
      Native.footer(found)
      print_metrics(spec)
      nil
    end

    def scan_spec(options)
      raise ArgumentError, 'COLUMNS must be specified as a String or an Array' unless columns_fit?(options)
      spec = read_spec(options)
      spec.delete(:versions) if spec[:versions] && spec[:versions] < 1 # one, as HBase's does
      rest = spec[:rest]
      prefix = rest.delete('ROWPREFIXFILTER')
      spec[:start] = (rest.delete('STARTROW') || '').to_s
      spec[:stop] = (Values.take(rest, 'STOPROW') || '').to_s
      spec[:prefix] = prefix.to_s if prefix
      %w[LIMIT CACHE BATCH MAX_RESULT_SIZE].each do |key|
        next unless rest.key?(key)
        spec[key.downcase.to_sym] = Values.integer(rest.delete(key), key)
      end
      spec[:reversed] = Values.boolean(rest.delete('REVERSED')) if rest.key?('REVERSED')
      spec[:raw] = Values.boolean(rest.delete('RAW')) if rest.key?('RAW')
      spec[:allow_partial] = Values.boolean(rest.delete('ALLOW_PARTIAL_RESULTS'))
      spec[:uncommitted] = rest.delete('ISOLATION_LEVEL').to_s.upcase == 'READ_UNCOMMITTED'
      spec[:read_type] = %w[DEFAULT STREAM PREAD].index(choice(rest, 'READ_TYPE', %w[DEFAULT STREAM PREAD]) || 'DEFAULT')
      spec[:metrics] = rest.key?('METRICS') || rest.key?('ALL_METRICS')
      spec[:metric_names] = rest.delete('METRICS')
      rest.delete('ALL_METRICS')
      spec
    end

    def print_metrics(spec)
      return unless spec[:metrics]
      wanted = spec[:metric_names] && spec[:metric_names].map { |name| name.to_s.upcase }
      metrics = Native.scan_metrics.sort { |a, b| a[0] <=> b[0] }
      metrics = metrics.select { |metric, _| wanted.include?(metric.upcase) } if wanted
      Native.say("\n")
      Native.header(%w[METRIC VALUE])
      metrics.each { |metric, value| Native.row([metric, value.to_s]) }
    end

    def count(table, *args)
      name = table_name(table)
      options = {}
      args.each { |given| given.is_a?(Hash) ? options.merge!(given) : options['INTERVAL'] = given }
      options = options.dup
      interval = Values.integer(options.delete('INTERVAL') || 1000, 'INTERVAL')
      raise ArgumentError, 'INTERVAL should be greater than 0' if interval < 1
      spec = scan_spec(options)
      spec[:cache] ||= 1000
      found = Native.count(name, spec, interval)
      Native.footer(found)
      found
    end

    def delete(table, row, column, timestamp = nil, options = {})
      name = table_name(table)
      raise ArgumentError, 'Row Not Found: rows are deleted by deleteall' if row.is_a?(Hash)
      options = timestamp if timestamp.is_a?(Hash)
      timestamp = options['TIMESTAMP'] if timestamp.is_a?(Hash)
      timestamp = Values.integer(timestamp, 'Timestamp') unless timestamp.nil?
      may_delete_from_meta(row) if name == 'hbase:meta'
      family, qualifier = Values.column(column)
      Native.delete(name, row.to_s, family, qualifier, timestamp, false, beside(options))
      nil
    end

    def deleteall(table, row, column = nil, timestamp = nil, options = {})
      name = table_name(table)
      options = [column, timestamp].find { |given| given.is_a?(Hash) } || options
      timestamp = options['TIMESTAMP'] if column.is_a?(Hash) || timestamp.is_a?(Hash)
      column = nil if column == '' || column.is_a?(Hash)
      timestamp = Values.integer(timestamp, 'Timestamp') unless timestamp.nil?
      family, qualifier = column.nil? ? [nil, nil] : Values.column(column)
      may_delete_from_meta(row) if name == 'hbase:meta'
      if row.is_a?(Hash)
        prefix = row['ROWPREFIXFILTER']
        raise ArgumentError, 'ROWPREFIXFILTER should be given' unless prefix
        Native.delete_prefix(name, prefix.to_s, family, qualifier, timestamp,
                             Values.integer(row['CACHE'] || 100, 'CACHE'), beside(options))
      else
        Native.delete(name, row.to_s, family, qualifier, timestamp, true, beside(options))
      end
      nil
    end

    # Rows of hbase:meta go one by one, and only those that are there (HBASE-5837).
    def may_delete_from_meta(row)
      raise ArgumentError, 'deleteall with ROWPREFIXFILTER in hbase:meta is not allowed.' if row.is_a?(Hash)
      found = Native.count('hbase:meta', scan_spec({ 'STARTROW' => row.to_s, 'STOPROW' => "#{row}\0" }), 1000)
      raise ArgumentError, 'Row Not Found' if found == 0
    end

    def incr(table, row, column, amount = 1, options = {})
      name = table_name(table)
      if amount.is_a?(Hash)
        options = amount
        amount = 1
      end
      family, qualifier = counted_column(column, 'incr')
      sum = Native.increment(name, row.to_s, family, qualifier, Values.integer(amount, 'Increment'), beside(options))
      if sum.nil?
        Native.say("No counter found at specified coordinates\n")
      else
        Native.say("COUNTER VALUE = #{sum}\n")
      end
      nil
    end

    def counted_column(column, command)
      family, qualifier = Values.column(column)
      return [family, qualifier] if qualifier
      raise ArgumentError, "Failed to provide both column family and column qualifier for #{command}"
    end

    def get_counter(table, row, column)
      family, qualifier = Values.column(column)
      value = Native.counter(table_name(table), row.to_s, family, qualifier || '')
      if value.nil?
        Native.say("No counter found at specified coordinates\n")
      else
        Native.say("COUNTER VALUE = #{value}\n")
      end
      nil
    end

    def append(table, row, column, value, options = {})
      family, qualifier = counted_column(column, 'append')
      current = Native.append(table_name(table), row.to_s, family, qualifier, value.to_s, beside(options))
      Native.say("CURRENT VALUE = #{Shell.binary(current)}\n") unless current.nil?
      nil
    end

    def get_splits(table)
      name = table_name(table)
      no_such_table(name)
      starts = Native.regions(name).map { |region| region[:start] }
      Native.say("Total number of splits = #{starts.size}\n")
      keys = starts.reject { |key| key.empty? }.map { |key| Shell.binary(key) }
      Native.say(keys.empty? ? "\n" : keys.map { |key| "#{key}\n" }.join)
      keys
    end
  end

  declare 'dml', :put, "Writes one cell: put 't', 'row', 'f:q', 'value'[, timestamp][, {TTL => ms, ATTRIBUTES => {'k' => 'v'}}]"
  declare 'dml', :get, "Reads a row: get 't', 'row'[, 'f:q', 'g' ...]\n" \
    "  get 't', 'row', {COLUMN => ['f:q', 'g'], VERSIONS => 3, TIMERANGE => [from, to], TIMESTAMP => ts, FILTER => \"...\",\n" \
    "  MAXLENGTH => 20, CONSISTENCY => 'TIMELINE', ATTRIBUTES => {'k' => 'v'}, AUTHORIZATIONS => ['label'], FORMATTER => 'toString'}"
  declare 'dml', :scan, "Reads rows: scan 't', {COLUMNS => ['f:q', 'g'], LIMIT => 10, STARTROW => 'a', STOPROW => 'b',\n" \
    "  ROWPREFIXFILTER => 'p', TIMERANGE => [from, to], VERSIONS => 3, FILTER => \"PrefixFilter('p')\", REVERSED => true,\n" \
    "  RAW => true, BATCH => 5, CACHE => 100, CACHE_BLOCKS => false, MAX_RESULT_SIZE => 1000000, ALLOW_PARTIAL_RESULTS => true,\n" \
    "  MAXLENGTH => 20, FORMATTER => 'toString', READ_TYPE => 'PREAD', ISOLATION_LEVEL => 'READ_UNCOMMITTED',\n" \
    "  CONSISTENCY => 'TIMELINE', ATTRIBUTES => {'k' => 'v'}, AUTHORIZATIONS => ['label'],\n" \
    "  ALL_METRICS => true, METRICS => ['ROWS_SCANNED']}"
  declare 'dml', :count, "Counts rows: count 't'[, INTERVAL => 1000, CACHE => 1000, FILTER => \"...\", STARTROW => 'a']"
  declare 'dml', :delete, "Deletes one version of a cell: delete 't', 'row', 'f:q'[, timestamp]"
  declare 'dml', :deleteall, "Deletes a row or all versions of a column: deleteall 't', 'row'[, 'f:q'[, timestamp]]\n" \
    "  or all rows of a prefix: deleteall 't', {ROWPREFIXFILTER => 'p'}"
  declare 'dml', :incr, "Adds to a counter: incr 't', 'row', 'f:q'[, amount]"
  declare 'dml', :get_counter, "Reads a counter: get_counter 't', 'row', 'f:q'"
  declare 'dml', :append, "Adds bytes to a cell: append 't', 'row', 'f:q', 'value'"
  declare 'dml', :get_splits, "Tells a table's split keys: get_splits 't'"
end
