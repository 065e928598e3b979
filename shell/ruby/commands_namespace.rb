# namespace: groups of tables.
module Shell
  class Commands
    def create_namespace(name, options = {})
      Native.create_namespace(name, properties(options))
      nil
    end

    def drop_namespace(name)
      Native.delete_namespace(name)
      nil
    end

    def alter_namespace(name, *args)
      pairs = Native.namespace(name)
      raise Failure, "Unknown namespace #{name}!" unless pairs
      raise ArgumentError, 'There should be at least one argument but the namespace' if args.empty?
      values = Schema.hash(pairs)
      flatten(args).each do |given|
        given = given.dup
        case given.delete('METHOD')
        when 'set' then properties(given).each { |key, value| values[key] = value }
        when 'unset' then unset(values, given['NAME'], 'namespace property')
        else raise ArgumentError, "METHOD should be 'set' or 'unset'"
        end
      end
      Native.modify_namespace(name, values.to_a)
      nil
    end

    def properties(options)
      options.map { |key, value| [key.to_s, value.to_s] }
    end

    def describe_namespace(name)
      pairs = Native.namespace(name)
      raise Failure, "Unknown namespace #{name}!" unless pairs
      Native.header(['DESCRIPTION'])
      text = pairs.map { |key, value| ", #{key} => '#{Shell.binary(value)}'" }.join
      Native.row(["{NAME => '#{name}'#{text}}"])
      Native.say("Quota is disabled\n")
      nil
    end

    def list_namespace(regex = '.*')
      names = Native.namespaces.select { |name| Shell.matches?(regex, name) }
      Native.header(['NAMESPACE'])
      names.each { |name| Native.row([name]) }
      Native.footer(names.size)
      names
    end

    def list_namespace_tables(name)
      raise Failure, "Unknown namespace #{name}!" unless Native.namespace(name)
      tables = Native.namespace_tables(name).map { |table| table.include?(':') ? table[table.index(':') + 1, table.size] : table }
      Native.header(['TABLE'])
      tables.each { |table| Native.row([table]) }
      Native.footer(tables.size)
      tables
    end
  end

  declare 'namespace', :create_namespace, "Creates a namespace: create_namespace 'ns'[, {'key' => 'value'}]"
  declare 'namespace', :drop_namespace, "Removes an empty namespace: drop_namespace 'ns'"
  declare 'namespace', :alter_namespace, "Changes a namespace: alter_namespace 'ns', {METHOD => 'set', 'key' => 'value'}"
  declare 'namespace', :describe_namespace, "Shows a namespace: describe_namespace 'ns'"
  declare 'namespace', :list_namespace, "Lists namespaces: list_namespace, list_namespace 'regex'"
  declare 'namespace', :list_namespace_tables, "Lists the tables of a namespace: list_namespace_tables 'ns'"
end
