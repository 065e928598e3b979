# ddl: tables and their schemas.
module Shell
  class Commands
    SPLIT_KEYS = %w[SPLITS SPLITS_FILE NUMREGIONS SPLITALGO]

    def create(table, *args)
      name = table_name(table)
      schema = Schema.new(name)
      options = flatten(args)
      splits = nil
      options.each do |given|
        if given.is_a?(String)
          add_family(schema, given, {})
          next
        end
        unless given.is_a?(Hash)
          raise ArgumentError, "#{given.class} of #{given.inspect} is not of Hash or String type"
        end
        given = given.dup
        if given.key?('NAME')
          add_family(schema, given.delete('NAME'), given)
        elsif given.key?('COLUMN')
          add_family(schema, given.delete('COLUMN'), given)
        else
          splits = split_keys(given) || splits
          schema.apply(given)
          ignored(given)
        end
      end
      raise ArgumentError, 'Table must have at least one column family' if schema.families.empty?
      Native.create_table(schema.to_wire, splits || [])
      Native.say("Created table #{name}\n")
      Hbase::Table.new(name)
    end

    def flatten(args)
      made = []
      args.each { |arg| arg.is_a?(Array) ? made.concat(flatten(arg)) : made << arg }
      made
    end

    def add_family(schema, name, options)
      raise ArgumentError, 'NAME should be of type String' unless name.is_a?(String)
      if schema.families.key?(name)
        Native.say("Family '#{name}' already exists, the old one will be replaced\n")
      end
      family = Family.new(name)
      family.apply(options)
      ignored(options)
      schema.families[name] = family
    end

    def split_keys(options)
      splits = options.delete('SPLITS')
      file = options.delete('SPLITS_FILE')
      count = options.delete('NUMREGIONS')
      algorithm = options.delete('SPLITALGO')
      raise ArgumentError, 'SPLITS should be an array of keys' unless splits.nil? || splits.is_a?(Array)
      return splits.map { |key| Native.unescape(key.to_s) } if splits
      if file
        raise ArgumentError, "Splits file #{file} does not exist" unless File.exist?(file)
        return File.open(file) { |io| io.read }.split("\n").map { |line| line.strip }.reject { |line| line.empty? }.map { |key| Native.unescape(key) }
      end
      return nil unless count || algorithm
      raise ArgumentError, 'Number of regions must be specified' unless count
      raise ArgumentError, 'Split algorithm must be specified' unless algorithm
      count = Values.integer(count, 'NUMREGIONS')
      raise ArgumentError, 'Number of regions must be greater than 1' if count < 2
      Native.pre_splits(algorithm, count)
    end

    def list(regex = '.*')
      names = Native.table_names(regex)
      Native.header(['TABLE'])
      names.each { |name| Native.row([name]) }
      Native.footer(names.size)
      names
    end

    def describe(table)
      name = table_name(table)
      no_such_table(name)
      schema = Schema.from_wire(Native.table_schema(name))
      Native.say("Table #{name} is #{Native.table_state(name)}\n")
      Native.say("#{schema}\n")
      Native.header(['COLUMN FAMILIES DESCRIPTION'])
      families = schema.families.values
      families.each do |family|
        Native.row([family.to_s])
        Native.say("\n")
      end
      Native.footer(families.size)
      Native.say("Quota is disabled\n")
      nil
    end

    def desc(table)
      describe(table)
    end

    def exists(table)
      name = table_name(table)
      is_there = Native.table_exists?(name)
      Native.say("Table #{name} does #{is_there ? '' : 'not '}exist\n")
      is_there
    end

    def disable(table)
      name = table_name(table)
      no_such_table(name)
      Native.disable_table(name) unless Native.table_state(name) == 'DISABLED'
      nil
    end

    def enable(table)
      name = table_name(table)
      no_such_table(name)
      Native.enable_table(name) unless Native.table_state(name) == 'ENABLED'
      nil
    end

    def is_enabled(table)
      tell_state(table_name(table), 'ENABLED')
    end

    def is_disabled(table)
      tell_state(table_name(table), 'DISABLED')
    end

    def tell_state(name, state)
      raise Failure, "Unknown table #{name}!" unless Native.table_exists?(name)
      answer = Native.table_state(name) == state
      Native.say("#{answer}\n")
      answer
    end

    def drop(table)
      name = table_name(table)
      no_such_table(name)
      raise Failure, "Table #{name} is enabled. Disable it first." if Native.table_state(name) == 'ENABLED'
      Native.delete_table(name)
      nil
    end

    def truncate(table)
      truncate_with(table_name(table), false)
    end

    def truncate_preserve(table)
      truncate_with(table_name(table), true)
    end

    def truncate_with(name, is_preserved)
      raise Failure, "Unknown table #{name}!" unless Native.table_exists?(name)
      Native.say("Truncating '#{name}' table (it may take a while):\n")
      if Native.table_state(name) == 'ENABLED'
        Native.say("Disabling table...\n")
        Native.disable_table(name)
      end
      Native.say("Truncating table...\n")
      Native.truncate_table(name, is_preserved)
      nil
    end

    def alter(table, *args)
      name = table_name(table)
      schema = altered(name, args)
      Native.modify_table(schema.to_wire)
      Native.say("Updating all regions with the new schema...\n")
      total = Native.regions(name).size
      Native.say("#{total}/#{total} regions updated.\n")
      Native.say("Done.\n")
      nil
    end

    def alter_async(table, *args)
      Native.modify_table(altered(table_name(table), args).to_wire)
      nil
    end

    def alter_status(table)
      name = table_name(table)
      no_such_table(name)
      total = Native.regions(name).size
      Native.say("#{total}/#{total} regions updated.\nDone.\n")
    end

    def altered(name, args)
      raise Failure, "Can't find a table: #{name}" unless Native.table_exists?(name)
      raise ArgumentError, 'There should be at least one argument but the table name' if args.empty?
      schema = Schema.from_wire(Native.table_schema(name))
      flatten(args).each do |given|
        given = { 'NAME' => given } if given.is_a?(String)
        unless given.is_a?(Hash)
          raise ArgumentError, "#{given.class} of #{given.inspect} is not of Hash or String type"
        end
        alter_one(schema, given.dup)
      end
      schema
    end

    def alter_one(schema, options)
      if options.key?('delete')
        return alter_delete(schema, options.delete('delete'))
      end
      method = options.delete('METHOD').to_s.downcase
      options.delete('REOPEN_REGIONS')
      case method
      when 'delete' then alter_delete(schema, options['NAME'])
      when 'table_att_unset' then unset(schema.attributes, options['NAME'], 'attribute')
      when 'table_conf_unset' then unset_configuration(schema, options['NAME'])
      when 'table_remove_coprocessor' then alter_coprocessor_removed(schema, options['CLASSNAME'])
      when '', 'table_att' then options.key?('NAME') ? alter_family(schema, options) : alter_table(schema, options)
      else raise ArgumentError, "Unknown method: #{method}"
      end
    end

    def alter_delete(schema, family)
      raise ArgumentError, 'NAME parameter missing for delete method' unless family
      unless schema.families.key?(family)
        raise Native::Error.new('org.apache.hadoop.hbase.InvalidFamilyOperationException', "Family '#{family}' does not exist, so it cannot be deleted")
      end
      schema.families.delete(family)
    end

    def alter_family(schema, options)
      name = options.delete('NAME')
      family = schema.families[name] || Family.new(name)
      family.apply(options)
      ignored(options)
      schema.families[name] = family
    end

    def alter_table(schema, options)
      coprocessors = options.keys.select { |key| key.to_s.downcase.start_with?('coprocessor') }
      coprocessors.each { |key| schema.attributes[coprocessor_key(schema, key)] = options.delete(key).to_s }
      schema.apply(options)
      ignored(options)
    end

    def coprocessor_key(schema, key)
      return key if key.include?('$')
      number = 1
      number += 1 while schema.attributes.key?("coprocessor$#{number}")
      "coprocessor$#{number}"
    end

    def alter_coprocessor_removed(schema, names)
      [names].flatten.each do |name|
        key = schema.attributes.keys.find { |k| k.start_with?('coprocessor$') && schema.attributes[k].include?(name.to_s) }
        raise ArgumentError, "Could not find coprocessor: #{name}" unless key
        schema.attributes.delete(key)
      end
    end

    def unset(values, names, what)
      raise ArgumentError, "NAME parameter missing for #{what}" unless names
      [names].flatten.each do |name|
        raise ArgumentError, "Could not find #{what}: #{name}" unless values.key?(name.to_s)
        values.delete(name.to_s)
      end
    end

    # HBase keeps a table's configuration among its attributes.
    def unset_configuration(schema, names)
      raise ArgumentError, 'NAME parameter missing for configuration' unless names
      [names].flatten.each do |name|
        unset(schema.configuration.key?(name.to_s) ? schema.configuration : schema.attributes, name, 'configuration')
      end
    end

    def disable_all(regex)
      for_all(regex, 'Disable', 'disabled') { |name| disable(name) }
    end

    def enable_all(regex)
      for_all(regex, 'Enable', 'enabled') { |name| enable(name) }
    end

    def drop_all(regex)
      for_all(regex, 'Drop', 'dropped') { |name| drop(name) }
    end

    def for_all(regex, verb, done)
      names = Native.table_names(regex)
      names.each { |name| Native.say("#{name}\n") }
      if names.empty?
        Native.say("No tables matched the regex #{regex}\n")
        return nil
      end
      Native.say("\n#{verb} the above #{names.size} tables (y/n)?\n")
      return nil unless Native.read_answer.to_s.strip.downcase.start_with?('y')
      failed = []
      names.each do |name|
        begin
          yield name
        rescue StandardError => error
          failed << "#{name} -> #{Shell.explain(verb.downcase.to_sym, [name], error)}"
        end
      end
      Native.say("#{names.size - failed.size} tables successfully #{done}\n")
      failed.each { |line| Native.say("Failed to #{verb.downcase}: #{line}\n") }
      nil
    end

    # Whether there is such a table shows when it is used, as with HBase's: it may be created later.
    def get_table(table)
      Hbase::Table.new(table_name(table))
    end

    # The columns of list_regions and their least widths.
    REGION_COLUMNS = { 'SERVER_NAME' => 12, 'REGION_NAME' => 12, 'START_KEY' => 10, 'END_KEY' => 10, 'SIZE' => 5, 'REQ' => 5, 'LOCALITY' => 10 }

    # list_regions 't'[, 'server' or {SERVER_NAME => .., LOCALITY_THRESHOLD => ..}[, ['COLUMN', ..]]]
    def list_regions(table, options = nil, columns = nil)
      name = table_name(table)
      no_such_table(name)
      raise Failure, "Table #{name} must be enabled." unless Native.table_state(name) == 'ENABLED'
      if options.is_a?(Array)
        columns = options
        options = nil
      end
      options = { 'SERVER_NAME' => options } unless options.is_a?(Hash)
      columns = region_columns(columns)
      rows = Native.regions(name).select { |region| region_wanted?(region, options) }.map { |region| region_row(region) }
      widths = columns.map { |column| rows.map { |row| row[column].size }.push(REGION_COLUMNS[column]).max }
      Native.say(columns.each_with_index.map { |column, i| " #{column.rjust(widths[i])} |" }.join + "\n")
      Native.say(widths.map { |width| ' ' + '-' * width + ' |' }.join + "\n")
      rows.each { |row| Native.say(columns.each_with_index.map { |column, i| " #{row[column].rjust(widths[i])} |" }.join + "\n") }
      Native.say(" #{rows.size} rows\n")
      nil
    end

    def region_columns(given)
      return REGION_COLUMNS.keys if given.nil?
      possible = "Possible values are #{REGION_COLUMNS.keys.join(', ')}."
      raise ArgumentError, "#{given} must be an array of strings. #{possible}" unless given.is_a?(Array)
      given.map do |column|
        raise ArgumentError, "#{column} is not a valid column. #{possible}" unless REGION_COLUMNS.key?(column.to_s.upcase)
        column.to_s.upcase
      end
    end

    def region_wanted?(region, options)
      server = options['SERVER_NAME']
      most = options['LOCALITY_THRESHOLD']
      unless most.nil?
        raise ArgumentError, 'LOCALITY_THRESHOLD must be a float value' unless most.is_a?(Float)
        raise ArgumentError, 'LOCALITY_THRESHOLD must be between 0 and 1.0, inclusive' unless most >= 0 && most <= 1.0
      end
      locality = (region[:load] || {})[:locality] || 0.0
      (server.nil? || region[:server].to_s.start_with?(server.to_s)) && (most.nil? || locality <= most)
    end

    def region_row(region)
      load = region[:load] || {}
      { 'SERVER_NAME' => region[:server].to_s, 'REGION_NAME' => Shell.binary(region[:name]),
        'START_KEY' => Shell.binary(region[:start]), 'END_KEY' => Shell.binary(region[:end]),
        'SIZE' => (load[:files_mb] || 0).to_s, 'REQ' => ((load[:reads] || 0) + (load[:writes] || 0)).to_s,
        'LOCALITY' => (load[:locality] || 0.0).to_s }
    end

    def locate_region(table, row)
      name = table_name(table)
      region = Native.locate_region(name, Native.unescape(row))
      Native.header(%w[HOST REGION])
      Native.row(["#{region[:host]}:#{region[:port]}", region_text(region)])
      Native.footer(1)
      Located.new("region=#{Shell.binary(region[:name])}, hostname=#{region[:server]}, seqNum=#{region[:sequence]}")
    end

    Located = Struct.new(:text) do
      def inspect
        text
      end

      def to_s
        text
      end
    end

    def show_filters
      Native.filter_names.each { |name| Native.say("#{name}\n") }
      nil
    end

    def clone_table_schema(table, new_table, preserve_splits = true)
      name = table_name(table)
      raise Failure, "Unknown table #{name}!" unless Native.table_exists?(name)
      wire = Native.table_schema(name)
      wire[0] = table_name(new_table)
      splits = preserve_splits ? Native.regions(name).map { |region| region[:start] }.reject { |key| key.empty? } : []
      Native.create_table(wire, splits)
      nil
    end

    def list_enabled_tables
      list_in_state('ENABLED')
    end

    def list_disabled_tables
      list_in_state('DISABLED')
    end

    def list_in_state(state)
      names = Native.table_names('.*').select { |name| Native.table_state(name) == state }
      Native.header(['TABLE'])
      names.each { |name| Native.row([name]) }
      Native.footer(names.size)
      names
    end
  end

  declare 'ddl', :create, "Creates a table: create 'ns:t', 'f1', {NAME => 'f2', VERSIONS => 5}, SPLITS => ['10', '20']\n" \
    "  or {NUMREGIONS => 15, SPLITALGO => 'HexStringSplit'}, CONFIGURATION => {'k' => 'v'}, METADATA => {'k' => 'v'}"
  declare 'ddl', :list, "Lists tables: list, list 'ns:.*'"
  declare 'ddl', :describe, "Shows a table's schema: describe 't'"
  declare 'ddl', :desc, "The same as describe: desc 't'"
  declare 'ddl', :exists, "Tells whether a table exists: exists 't'"
  declare 'ddl', :disable, "Takes a table out of service: disable 't'"
  declare 'ddl', :enable, "Puts a table back into service: enable 't'"
  declare 'ddl', :is_enabled, "Tells whether a table is enabled: is_enabled 't'"
  declare 'ddl', :is_disabled, "Tells whether a table is disabled: is_disabled 't'"
  declare 'ddl', :drop, "Removes a disabled table: drop 't'"
  declare 'ddl', :truncate, "Empties a table, with one region afterwards: truncate 't'"
  declare 'ddl', :truncate_preserve, "Empties a table, keeping its regions: truncate_preserve 't'"
  declare 'ddl', :alter, "Changes a schema: alter 't', NAME => 'f', VERSIONS => 3; alter 't', 'delete' => 'f';\n" \
    "  alter 't', MAX_FILESIZE => '10GB'; alter 't', METHOD => 'table_att_unset', NAME => 'MAX_FILESIZE'"
  declare 'ddl', :alter_async, "Changes a schema without waiting: alter_async 't', NAME => 'f', VERSIONS => 3"
  declare 'ddl', :alter_status, "Tells how many regions have the new schema: alter_status 't'"
  declare 'ddl', :disable_all, "Disables the tables whose names match: disable_all 'regex'"
  declare 'ddl', :enable_all, "Enables the tables whose names match: enable_all 'regex'"
  declare 'ddl', :drop_all, "Drops the tables whose names match: drop_all 'regex'"
  declare 'ddl', :get_table, "Gives a reference to a table: t = get_table 't'"
  declare 'ddl', :list_regions, "Lists a table's regions: list_regions 't'[, 'server'[, ['START_KEY', 'SIZE']]]"
  declare 'ddl', :locate_region, "Tells where a row lives: locate_region 't', 'row'"
  declare 'ddl', :show_filters, 'Lists the filters of the filter language: show_filters'
  declare 'ddl', :clone_table_schema, "Makes a table like another: clone_table_schema 't', 't2'[, false]"
  declare 'ddl', :list_enabled_tables, 'Lists enabled tables: list_enabled_tables'
  declare 'ddl', :list_disabled_tables, 'Lists disabled tables: list_disabled_tables'
end
