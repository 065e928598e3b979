# Table references: `t = get_table 't'`, then t.put, t.scan ...
module Hbase
  class Table
    attr_reader :name

    BOUND = [:put, :get, :scan, :delete, :deleteall, :count, :incr, :append, :get_counter, :get_splits, :enable,
      :disable, :flush, :drop, :describe, :snapshot]

    def initialize(name)
      @name = name
    end

    BOUND.each do |command|
      define_method(command) { |*args| Shell.run(command, [@name] + args) }
    end

    def help(command = nil)
      Shell.help(command || 'table_help')
    end

    def get_all_columns
      schema = Shell::Native.table_schema(@name)
      raise Shell::Failure, "Unknown table #{@name}!" unless schema
      schema[3].map { |family| "#{family[0]}:" }
    end

    def to_s
      "Hbase::Table - #{@name}"
    end

    def inspect
      to_s
    end
  end
end
